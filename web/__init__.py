"""The doors: pages, API, hooks, worker, command line, and the private database behind them."""
