"""Work on other processes and machines: the seam between amgs and Dask.

The steps of amgs take a `concurrent.futures.Executor` (`amgs.jobs`); here is one whose units of
work run on a Dask cluster, and the ways to get such a cluster. Dask is not a part of the core:
``pip install "amgs[cluster]"``.
"""
