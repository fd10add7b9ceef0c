"""Every rule there is, in the order in which findings are told."""

from __future__ import annotations

from monitor.model.rule import Rule
from monitor.rules import (
    access_exceeds_policy,
    access_unknown,
    access_will_exceed_policy,
    authorizer_cache_too_broad,
    authorizer_foreign_account,
    authorizer_function_missing,
    authorizer_needs_no_credential,
    authorizer_permission_broad,
    authorizer_unattached,
    canary_widens_access,
    draft_differs_from_live,
    endpoint_policy_open,
    iam_route_open_to_any_account,
    identity_policy_invokes_broadly,
    jwt_audience_missing,
    jwt_issuer_untrusted,
    policy_does_not_bind_authorizer,
    policy_malformed,
    policy_names_missing_endpoint,
    policy_names_untrusted_account,
    policy_relies_on_spoofable_key,
    policy_shuts_own_methods,
    private_api_any_endpoint,
    token_scopes_missing,
    user_pool_missing,
    user_pool_open_sign_up,
)

RULES: tuple[Rule, ...] = (
    # who gets in, against the org policy
    access_exceeds_policy.RULE,
    access_will_exceed_policy.RULE,
    canary_widens_access.RULE,
    access_unknown.RULE,
    draft_differs_from_live.RULE,
    # the resource policy
    policy_names_untrusted_account.RULE,
    policy_does_not_bind_authorizer.RULE,
    policy_relies_on_spoofable_key.RULE,
    policy_malformed.RULE,
    policy_names_missing_endpoint.RULE,
    policy_shuts_own_methods.RULE,
    # VPC endpoints
    private_api_any_endpoint.RULE,
    endpoint_policy_open.RULE,
    # signatures
    iam_route_open_to_any_account.RULE,
    identity_policy_invokes_broadly.RULE,
    # authorizers
    authorizer_foreign_account.RULE,
    authorizer_needs_no_credential.RULE,
    authorizer_cache_too_broad.RULE,
    authorizer_function_missing.RULE,
    authorizer_permission_broad.RULE,
    authorizer_unattached.RULE,
    user_pool_open_sign_up.RULE,
    user_pool_missing.RULE,
    jwt_issuer_untrusted.RULE,
    jwt_audience_missing.RULE,
    token_scopes_missing.RULE,
    # keys and plans, doors, stages
)
