"""The reference: decides ONE concrete request, rule by rule, without sets.

It shares no deciding code with the engine, so that the two can be held against each other.
"""

from monitor.access.reference.decide import decide_request

__all__ = ["decide_request"]
