using System.Data.Common;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace BareMetal.Data.EntityFrameworkCore.Infrastructure;

/// <summary>The options of a context that uses BareMetal.Data.</summary>
public sealed class BareMetalOptionsExtension : RelationalOptionsExtension
{
    private DbContextOptionsExtensionInfo? _info;
    private ParameterTranslationMode? _collectionMode;

    /// <summary>Creates options with their defaults.</summary>
    public BareMetalOptionsExtension()
    {
    }

    private BareMetalOptionsExtension(BareMetalOptionsExtension copyFrom)
        : base(copyFrom)
    {
        DataSource = copyFrom.DataSource;
        Functions = copyFrom.Functions;
        _collectionMode = copyFrom._collectionMode;
    }

    /// <summary>The data source from which connections come, or null when a connection or a connection string is given.</summary>
    public DbDataSource? DataSource { get; private set; }

    /// <summary>Functions in C# that queries may call, or null for none.</summary>
    public BareMetalFunctions? Functions { get; private set; }

    /// <inheritdoc />
    public override DbContextOptionsExtensionInfo Info
        => _info ??= new ExtensionInfo(this);

    /// <summary>A copy of these options with a data source.</summary>
    /// <param name="dataSource">The data source, or null for none.</param>
    /// <returns>The copy.</returns>
    public BareMetalOptionsExtension WithDataSource(DbDataSource? dataSource)
    {
        var clone = (BareMetalOptionsExtension)Clone();
        clone.DataSource = dataSource;
        return clone;
    }

    /// <summary>A copy of these options with functions in C#.</summary>
    /// <param name="functions">The functions, or null for none.</param>
    /// <returns>The copy.</returns>
    public BareMetalOptionsExtension WithFunctions(BareMetalFunctions? functions)
    {
        var clone = (BareMetalOptionsExtension)Clone();
        clone.Functions = functions;
        return clone;
    }

    /// <inheritdoc />
    // One array, so that a query has one text however many values there are; the planner looks at the length.
    public override ParameterTranslationMode ParameterizedCollectionMode
        => _collectionMode ?? ParameterTranslationMode.Parameter;

    /// <inheritdoc />
    public override RelationalOptionsExtension WithUseParameterizedCollectionMode(ParameterTranslationMode parameterizedCollectionMode)
    {
        var clone = (BareMetalOptionsExtension)Clone();
        clone._collectionMode = parameterizedCollectionMode;
        return clone;
    }

    /// <inheritdoc />
    protected override RelationalOptionsExtension Clone()
        => new BareMetalOptionsExtension(this);

    /// <inheritdoc />
    public override void ApplyServices(IServiceCollection services)
        => services.AddEntityFrameworkBareMetal();

    private sealed class ExtensionInfo(BareMetalOptionsExtension extension) : RelationalExtensionInfo(extension)
    {
        private string? _logFragment;

        private new BareMetalOptionsExtension Extension
            => (BareMetalOptionsExtension)base.Extension;

        public override bool IsDatabaseProvider
            => true;

        // The connection is a matter of the scope, so that contexts of many databases share their services.
        public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other)
            => other is ExtensionInfo;

        public override string LogFragment
            => _logFragment ??= Extension.DataSource is null
                ? base.LogFragment
                : new StringBuilder(base.LogFragment).Append("DataSource ").ToString();

        public override void PopulateDebugInfo(IDictionary<string, string> debugInfo)
            => debugInfo["BareMetal"] = "1";
    }
}
