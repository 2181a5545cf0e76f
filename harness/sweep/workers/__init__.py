"""What works through the jobs of a sweep: processes of this machine, or a Dask cluster."""
