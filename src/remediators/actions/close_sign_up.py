"""Let only administrators make users of a Cognito user pool."""

from __future__ import annotations

from collections.abc import Iterator

from remediators.changes import step
from remediators.plan import Goal, Kind, Step, ref
from remediators.situation import Action, Proposal, Refuse, Situation


def _propose(given: Situation) -> Proposal:
    steps = tuple(_steps(given))
    if not steps:
        raise Refuse("no user pool of the API's authorizers lets anybody sign up")
    names = ", ".join(one.object.ids[0] for one in steps)
    return Proposal(
        summary=f"close the sign-up of {names}",
        goal=Goal.SETTING,
        steps=steps,
        loses=("people who have no user yet; those who have one keep it",),
        shared=(f"every application that uses {names}",),
        warnings=(
            "users who signed up before keep their tokens and their access: look through them",
        ),
    )


def _steps(given: Situation) -> Iterator[Step]:
    for arn, pool in given.snapshot.user_pools.items():
        if not pool.self_sign_up:
            continue
        pool_id = arn.rpartition("/")[2]
        image = given.image(Kind.USER_POOL, pool_id)
        config = {**(image.get("AdminCreateUserConfig") or {}), "AllowAdminCreateUserOnly": True}
        yield step(
            ref(Kind.USER_POOL, pool_id),
            image,
            {**image, "AdminCreateUserConfig": config},
            key=f"pool {pool_id}",
            title=f"let only administrators make users of {pool.name or pool_id}",
            undo="let anybody sign up again",
        )


ACTION = Action(
    id="close-sign-up",
    title="Close the sign-up of a user pool",
    changes="Whether people may make users for themselves. All other settings are written as they "
    "were, since Cognito resets what an update leaves out.",
    blast="Every application of the pool.",
    at_once="Yes.",
    idempotence="Setting it again changes nothing.",
    refuses=("No user pool of the API's authorizers lets people sign up."),
    inverse="The pool's settings are written as they were; refused if any was changed since.",
    writes=("cognito-idp:UpdateUserPool",),
    propose=_propose,
)
