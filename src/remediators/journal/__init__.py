"""The port `Journal` in memory, in a folder, and in DynamoDB, under one contract test."""
