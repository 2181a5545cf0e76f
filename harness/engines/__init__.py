"""One job to one result, by one of several engines behind the same interface."""
