using System.Data;
using System.Data.Common;

namespace BareMetal.Data;

/// <summary>Fills a <see cref="DataSet"/> or <see cref="DataTable"/> and writes its changes back.</summary>
public sealed class BareMetalDataAdapter : DbDataAdapter
{
    /// <summary>Makes an adapter without commands.</summary>
    public BareMetalDataAdapter()
    {
    }

    /// <summary>Makes an adapter.</summary>
    /// <param name="selectCommand">What <see cref="DbDataAdapter.Fill(DataTable)"/> runs.</param>
    public BareMetalDataAdapter(BareMetalCommand? selectCommand) => SelectCommand = selectCommand;

    /// <summary>Makes an adapter.</summary>
    /// <param name="selectCommandText">What <see cref="DbDataAdapter.Fill(DataTable)"/> runs.</param>
    /// <param name="connection">The connection; it is opened for each operation when it is closed.</param>
    public BareMetalDataAdapter(string selectCommandText, BareMetalConnection? connection)
        : this(new BareMetalCommand(selectCommandText, connection))
    {
    }

    /// <summary>Before a row's change is written: the command may be changed, the row skipped.</summary>
    public event EventHandler<RowUpdatingEventArgs>? RowUpdating;

    /// <summary>After a row's change was written, or failed.</summary>
    public event EventHandler<RowUpdatedEventArgs>? RowUpdated;

    /// <summary>Reads the rows.</summary>
    public new BareMetalCommand? SelectCommand
    {
        get => (BareMetalCommand?)base.SelectCommand;
        set => base.SelectCommand = value;
    }

    /// <summary>Writes added rows.</summary>
    public new BareMetalCommand? InsertCommand
    {
        get => (BareMetalCommand?)base.InsertCommand;
        set => base.InsertCommand = value;
    }

    /// <summary>Writes changed rows.</summary>
    public new BareMetalCommand? UpdateCommand
    {
        get => (BareMetalCommand?)base.UpdateCommand;
        set => base.UpdateCommand = value;
    }

    /// <summary>Deletes rows.</summary>
    public new BareMetalCommand? DeleteCommand
    {
        get => (BareMetalCommand?)base.DeleteCommand;
        set => base.DeleteCommand = value;
    }

    internal bool HasUpdatingHandler(EventHandler<RowUpdatingEventArgs> handler)
        => RowUpdating is { } all && Array.IndexOf(all.GetInvocationList(), handler) >= 0;

    /// <inheritdoc/>
    protected override void OnRowUpdating(RowUpdatingEventArgs value) => RowUpdating?.Invoke(this, value);

    /// <inheritdoc/>
    protected override void OnRowUpdated(RowUpdatedEventArgs value) => RowUpdated?.Invoke(this, value);
}
