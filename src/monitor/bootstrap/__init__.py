"""The only wiring: settings -> adapters -> use cases. A module for each entry point, so that a
function imports nothing that it does not use."""
