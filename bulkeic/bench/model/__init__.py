"""Pure model of a benchmark: workloads, measurements, comparisons and forecasts."""
