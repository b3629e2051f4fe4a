"""Commands that belong to no single product: run, plan, inspect, verify, report."""
