"""Every remedy there is. Where none is asked for, the first that applies is offered: what closes
the hole with the least besides comes first."""

from __future__ import annotations

from remediators.actions import (
    block_at_waf,
    close_sign_up,
    disable_api_key,
    disable_default_endpoint,
    enable_access_logging,
    enable_execution_logging,
    enable_tracing,
    flush_authorizer_cache,
    quarantine_stage,
    raise_tls_policy,
    require_authorization,
    restrict_policy,
    rollback_stage,
    throttle_usage_plan,
    tighten_endpoint_policy,
)
from remediators.situation import Action

ACTIONS: tuple[Action, ...] = (
    rollback_stage.ACTION,
    restrict_policy.ACTION,
    require_authorization.ACTION,
    block_at_waf.ACTION,
    disable_default_endpoint.ACTION,
    tighten_endpoint_policy.ACTION,
    close_sign_up.ACTION,
    raise_tls_policy.ACTION,
    enable_access_logging.ACTION,
    enable_execution_logging.ACTION,
    enable_tracing.ACTION,
    disable_api_key.ACTION,
    throttle_usage_plan.ACTION,
    flush_authorizer_cache.ACTION,
    quarantine_stage.ACTION,
)
BY_ID = {action.id: action for action in ACTIONS}

SAFE_UNASKED = (
    rollback_stage.ACTION,
    restrict_policy.ACTION,
    require_authorization.ACTION,
    disable_default_endpoint.ACTION,
    quarantine_stage.ACTION,
)
"""Tried in this order where nobody says which."""
