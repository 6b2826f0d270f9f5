using BareMetal.Data.Catalog;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Integrity;

/// <summary>The trees that the catalog names against those that there are.</summary>
internal sealed class CatalogTrees(DatabaseCheck check, CatalogSnapshot catalog, IReadOnlyDictionary<ulong, (Table Table, TableIndex? Index)> owners)
{
    public void Check(IntegrityChecker found)
    {
        HashSet<ulong> trees = [.. found.Trees.Select(t => t.Tree.Value)];
        if (!found.DamagedTrees.Contains(0))
        {
            foreach ((ulong tree, (Table table, TableIndex? index)) in owners)
            {
                if (trees.Contains(tree))
                    continue;
                if (index is null)
                    check.Report(BareMetalIntegrityProblemKind.Catalog, table, $"its tree {tree} does not exist");
                else
                    check.Report(BareMetalIntegrityProblemKind.Catalog, table, index, $"its tree {tree} does not exist", null);
            }
        }

        foreach (ulong tree in trees)
        {
            if (tree >= TreeId.FirstDynamic && !owners.ContainsKey(tree))
            {
                check.Report(new BareMetalIntegrityProblem
                {
                    Kind = BareMetalIntegrityProblemKind.Catalog,
                    Message = $"tree {tree} belongs to no table and no index of the {catalog.Objects.Count(o => o.Id > 0)} objects",
                });
            }
        }
    }
}
