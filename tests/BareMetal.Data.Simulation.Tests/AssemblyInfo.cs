using Xunit;

// One thread: a run depends on nothing but its seed.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
