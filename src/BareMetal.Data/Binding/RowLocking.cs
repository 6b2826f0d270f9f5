using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

/// <summary>FOR UPDATE and FOR SHARE of one SELECT: which of its tables are locked, and how.</summary>
internal sealed class RowLocking
{
    private readonly Ast.LockingClause[] _clauses;
    private readonly HashSet<string> _found = new(Ast.Identifier.Comparer);

    public RowLocking(Ast.LockingClause[] clauses)
    {
        _clauses = clauses;
        foreach (Ast.LockingClause clause in clauses)
        {
            if (clause.Wait != Ast.LockWait.Wait)
            {
                throw SqlErrors.NotSupported(
                    clause.Position, $"FOR UPDATE {(clause.Wait == Ast.LockWait.NoWait ? "NOWAIT" : "SKIP LOCKED")} is not supported.",
                    "Leave it out and set a short lock_timeout.");
            }
        }
    }

    /// <summary>The lock for an item of FROM under its alias.</summary>
    public RowLockMode ModeOf(string alias)
    {
        RowLockMode mode = RowLockMode.None;
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
            RowLockMode asked = clause.Strength is Ast.LockStrength.Update or Ast.LockStrength.NoKeyUpdate ? RowLockMode.Update : RowLockMode.Share;
            if (asked > mode)
                mode = asked;
        }
        return mode;
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
