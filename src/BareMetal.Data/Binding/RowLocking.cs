using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

/// <summary>FOR UPDATE and FOR SHARE of one SELECT: which of its tables are locked, and how.</summary>
internal sealed class RowLocking
{
    private readonly Ast.LockingClause[] _clauses;
    private readonly HashSet<string> _found = new(Ast.Identifier.Comparer);

    public RowLocking(Ast.LockingClause[] clauses) => _clauses = clauses;

    /// <summary>The lock for an item of FROM under its alias: of several clauses the strongest, and not waiting goes before skipping before waiting.</summary>
    public (RowLockMode Mode, RowLockWait Wait) For(string alias)
    {
        RowLockMode mode = RowLockMode.None;
        RowLockWait wait = RowLockWait.Wait;
        foreach (Ast.LockingClause clause in _clauses)
        {
            bool applies = clause.Of.Length == 0;
            foreach (Ast.Identifier name in clause.Of)
            {
                if (name.Is(alias))
                {
                    applies = true;
                    _found.Add(alias);
                }
            }

            if (!applies)
                continue;
            RowLockMode asked = clause.Strength switch
            {
                Ast.LockStrength.KeyShare => RowLockMode.KeyShare,
                Ast.LockStrength.Share => RowLockMode.Share,
                Ast.LockStrength.NoKeyUpdate => RowLockMode.NoKeyUpdate,
                _ => RowLockMode.Update,
            };
            RowLockWait patience = clause.Wait switch
            {
                Ast.LockWait.SkipLocked => RowLockWait.SkipLocked,
                Ast.LockWait.NoWait => RowLockWait.NoWait,
                _ => RowLockWait.Wait,
            };
            if (asked > mode)
                mode = asked;
            if (patience > wait)
                wait = patience;
        }

        return (mode, wait);
    }

    /// <exception cref="BareMetalException">42P01: FOR UPDATE OF names what FROM does not have.</exception>
    public void Check()
    {
        foreach (Ast.LockingClause clause in _clauses)
        {
            foreach (Ast.Identifier name in clause.Of)
            {
                if (!_found.Contains(name.Name))
                    throw SqlErrors.At(name.Position, SqlStates.UndefinedTable, $"The table \"{name}\" in FOR UPDATE is not in FROM.");
            }
        }
    }
}
