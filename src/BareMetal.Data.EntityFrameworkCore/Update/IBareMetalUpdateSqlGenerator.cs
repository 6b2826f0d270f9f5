using System.Text;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>Writes the statements that change rows, several inserts in one of them.</summary>
public interface IBareMetalUpdateSqlGenerator : IUpdateSqlGenerator
{
    /// <summary>Writes one statement that inserts the rows of several commands on one table with one set of columns.</summary>
    /// <param name="commandStringBuilder">Where the statement goes.</param>
    /// <param name="commands">The commands, at least one.</param>
    /// <returns>How the results of each command come back; for the last one <c>LastInResultSet</c> is due.</returns>
    ResultSetMapping AppendInsertRows(StringBuilder commandStringBuilder, IReadOnlyList<IReadOnlyModificationCommand> commands);

    /// <summary>Writes a statement that updates a row and returns nothing.</summary>
    /// <param name="commandStringBuilder">Where the statement goes.</param>
    /// <param name="command">The command.</param>
    void AppendPlainUpdate(StringBuilder commandStringBuilder, IReadOnlyModificationCommand command);

    /// <summary>Writes a statement that deletes a row and returns nothing.</summary>
    /// <param name="commandStringBuilder">Where the statement goes.</param>
    /// <param name="command">The command.</param>
    void AppendPlainDelete(StringBuilder commandStringBuilder, IReadOnlyModificationCommand command);
}
