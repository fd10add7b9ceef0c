"""Write an access log."""

from __future__ import annotations

from remediators.changes import step
from remediators.plan import Goal, Kind, ref
from remediators.situation import Action, Proposal, Refuse, Situation

FORMAT = (
    '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp",'
    '"requestTime":"$context.requestTime","httpMethod":"$context.httpMethod",'
    '"routeKey":"$context.routeKey","path":"$context.path","status":"$context.status",'
    '"protocol":"$context.protocol","responseLength":"$context.responseLength"}'
)


def _propose(given: Situation) -> Proposal:
    destination = given.text("destination").removesuffix(":*")
    if not destination.startswith("arn:"):
        raise Refuse("give the parameter `destination`: the ARN of a log group")
    stage = given.stage.name
    kind = Kind.REST_STAGE if given.is_rest else Kind.V2_STAGE
    image = given.image(kind, given.api_id, stage)
    log = {"destinationArn": destination, "format": given.text("format", FORMAT)}
    if not given.is_rest:
        log = {"DestinationArn": log["destinationArn"], "Format": log["format"]}
    member = "accessLogSettings" if given.is_rest else "AccessLogSettings"
    if image.get(member):
        raise Refuse(f"stage {stage} writes an access log already")
    return Proposal(
        summary=f"write an access log of stage {stage}",
        goal=Goal.SETTING,
        steps=(
            step(
                ref(kind, given.api_id, stage),
                image,
                {**image, member: log},
                key="stage",
                title=f"write the access log of stage {stage} to {destination}",
                undo="write no access log",
            ),
        ),
    )


ACTION = Action(
    id="enable-access-logging",
    title="Write an access log",
    changes="Destination and format of the stage's access log.",
    blast="No caller notices. The log group has to exist and costs by volume.",
    at_once="Yes.",
    idempotence="A stage that writes an access log gets no plan.",
    refuses=("The stage writes an access log already; no log group is named."),
    inverse="The access log settings are removed.",
    writes=("apigateway:UpdateStage", "apigatewayv2:UpdateStage"),
    parameters={
        "destination": "ARN of a log group, or of a Firehose stream",
        "format": "of a line; by default JSON without headers, bodies or tokens",
    },
    propose=_propose,
)
