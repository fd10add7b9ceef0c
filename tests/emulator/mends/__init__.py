"""What the emulator gets wrong and the product's tests depend on, one module per matter.

Every module has `apply()`. It changes the emulator's modules in memory, and refuses with
`EmulatorChangedError` when what it is about to change is not as it was in the pinned version.
"""
