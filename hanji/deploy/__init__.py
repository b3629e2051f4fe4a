"""Running on Dataflow: the workers' container, the flex template and what it starts."""
