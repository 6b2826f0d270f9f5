using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using BareMetal.Data.EntityFrameworkCore.Design;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Design;
using Microsoft.EntityFrameworkCore.Migrations.Internal;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Scaffolding;
using Microsoft.EntityFrameworkCore.Scaffolding.Internal;
using Microsoft.Extensions.DependencyInjection;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>
/// What dotnet ef generates for each feature of the catalogue: the migration to it, the snapshot of its model, and the context scaffolded from a database that has it. All is compiled at
/// once, since a compilation for each would take longer than all the tests.
/// </summary>
public sealed class CatalogueFixture : IDisposable
{
    private readonly Dictionary<string, Generated> _generated = [];
    private readonly Assembly? _assembly;
    private readonly List<BareMetalDataSource> _sources = [];

    public CatalogueFixture()
    {
        TextTemplating.Provide();
        List<SyntaxTree> trees = [];
        foreach (var feature in FeatureCatalogue.All)
        {
            var generated = new Generated();
            _generated.Add(feature.Name, generated);
            try
            {
                Generate(feature, generated);
                foreach (var (file, code) in generated.Code)
                    trees.Add(CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.Latest), $"{feature.Name}/{file}"));
            }
            catch (Exception e)
            {
                generated.Error = e.ToString();
            }
        }

        _assembly = Compile(trees);
    }

    internal sealed class Generated
    {
        public Dictionary<string, string> Code { get; } = [];

        public string? Error { get; set; }
    }

    public void Dispose()
    {
        foreach (var source in _sources)
            source.Dispose();
    }

    internal static string Namespace(Feature feature)
        => "Catalogue." + feature.Name;

    /// <summary>The generated code of a feature; throws what went wrong with it.</summary>
    internal string Code(Feature feature)
    {
        var generated = _generated[feature.Name];
        var text = string.Join("\n\n", generated.Code.Select(c => $"// {c.Key}\n{c.Value}"));
        return generated.Error is null ? text : throw new InvalidOperationException(generated.Error + "\n\n" + text);
    }

    internal T Create<T>(Feature feature, string name)
        => (T)Activator.CreateInstance(Type(feature, name))!;

    /// <summary>A generated type of a feature.</summary>
    internal Type Type(Feature feature, string name)
    {
        Code(feature);
        return _assembly!.GetType(Namespace(feature) + "." + name, throwOnError: true)!;
    }

    /// <summary>Where the database with the feature is.</summary>
    internal static string ConnectionOf(Feature feature)
        => $"Data Source=:memory:catalogue {feature.Name}";

    internal static FeatureContext Before(Feature feature, string connection = "Data Source=:memory:")
        => new(feature.Name + " before", feature.Before, connection);

    internal static FeatureContext After(Feature feature, string connection = "Data Source=:memory:")
        => new(feature.Name + " after", feature.After, connection);

    internal static IRelationalModel Model(DbContext context)
        => context.GetService<IDesignTimeModel>().Model.GetRelationalModel();

    internal static IReadOnlyList<MigrationOperation> Difference(DbContext services, IRelationalModel? from, IRelationalModel? to)
        => services.GetService<IMigrationsModelDiffer>().GetDifferences(from, to);

    /// <summary>Carries out operations in a database; what they lead to is the model of the context, or nothing.</summary>
    internal static void Run(BareMetalConnection connection, DbContext services, IEnumerable<MigrationOperation> operations, IModel? model)
    {
        foreach (var command in services.GetService<IMigrationsSqlGenerator>().Generate(operations.ToList(), model))
        {
            using var run = connection.CreateCommand();
            run.CommandText = command.CommandText;
            try
            {
                run.ExecuteNonQuery();
            }
            catch (BareMetalException e)
            {
                throw new InvalidOperationException($"{e.SqlState} {e.Message} in\n{command.CommandText}", e);
            }
        }
    }

    internal static IServiceProvider Services(DbContext context)
    {
        var services = new ServiceCollection();
        services.AddEntityFrameworkDesignTimeServices();
        services.AddDbContextDesignTimeServices(context);
        new BareMetalDesignTimeServices().ConfigureDesignTimeServices(services);
        return services.BuildServiceProvider();
    }

    internal static IRelationalModel Process(DbContext context, IModel snapshot)
        => Services(context).GetRequiredService<ISnapshotModelProcessor>().Process(snapshot)!.GetRelationalModel();

    private void Generate(Feature feature, Generated generated)
    {
        var connection = ConnectionOf(feature);
        var source = BareMetalDataSource.Create(connection);
        _sources.Add(source);
        using var before = Before(feature);
        using var after = After(feature, connection);
        var from = Model(before);
        var to = Model(after);
        var services = Services(after);
        var ns = Namespace(feature);

        var migrations = services.GetRequiredService<IMigrationsCodeGeneratorSelector>().Select("C#");
        var target = after.GetService<IDesignTimeModel>().Model;
        generated.Code["Snapshot.cs"] = migrations.GenerateSnapshot(ns, typeof(FeatureContext), "Snapshot", target);
        generated.Code["Migration.cs"] = migrations.GenerateMigration(ns, "Change", Difference(after, from, to), Difference(after, to, from));

        foreach (var file in services.GetRequiredService<ICompiledModelCodeGeneratorSelector>().Select(new CompiledModelCodeGenerationOptions { Language = "C#" }).GenerateModel(
            target, new CompiledModelCodeGenerationOptions { ModelNamespace = ns + ".Compiled", ContextType = typeof(FeatureContext), Language = "C#", UseNullableReferenceTypes = true }))
        {
            // Thirteen dozen models of one context can't all be its own.
            if (!file.Path.Contains("AssemblyAttributes", StringComparison.Ordinal))
                generated.Code["Compiled/" + file.Path] = file.Code;
        }

        using var open = source.OpenConnection();
        Run(open, after, Difference(after, null, to), target);
        // The generator of code by itself: the scaffolder would also load that of templates, which needs a further package.
        var database = services.GetRequiredService<IDatabaseModelFactory>().Create(connection, new DatabaseModelFactoryOptions());
        var found = services.GetRequiredService<IScaffoldingModelFactory>().Create(database, new ModelReverseEngineerOptions { NoPluralize = true });
        var scaffolded = ActivatorUtilities.CreateInstance<CSharpModelGenerator>(services).GenerateModel(
            found,
            new ModelCodeGenerationOptions
            {
                UseDataAnnotations = false,
                UseNullableReferenceTypes = true,
                Language = "C#",
                RootNamespace = ns + ".Scaffolded",
                ModelNamespace = ns + ".Scaffolded",
                ContextNamespace = ns + ".Scaffolded",
                ContextName = "ScaffoldedContext",
                ConnectionString = "Data Source=:memory:",
                SuppressConnectionStringWarning = true,
            });
        generated.Code["Context.cs"] = scaffolded.ContextFile.Code;
        foreach (var file in scaffolded.AdditionalFiles)
            generated.Code[file.Path] = file.Code;
    }

    private Assembly? Compile(List<SyntaxTree> trees)
    {
        const string usings = """
            global using System;
            global using System.Collections.Generic;
            global using System.Linq;
            """;
        trees.Add(CSharpSyntaxTree.ParseText(usings, new CSharpParseOptions(LanguageVersion.Latest), "global/usings.cs"));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => (MetadataReference)MetadataReference.CreateFromFile(path)).ToList();
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable);
        while (true)
        {
            using var stream = new MemoryStream();
            var result = CSharpCompilation.Create("Catalogue", trees, references, options).Emit(stream);
            if (result.Success)
            {
                stream.Position = 0;
                return AssemblyLoadContext.Default.LoadFromStream(stream);
            }

            // What does not compile fails its own feature only.
            var bad = new HashSet<string>();
            foreach (var error in result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error))
            {
                var feature = error.Location.SourceTree!.FilePath.Split('/')[0];
                bad.Add(feature);
                _generated[feature].Error += error + "\n";
            }

            trees.RemoveAll(t => bad.Contains(t.FilePath.Split('/')[0]));
        }
    }
}
