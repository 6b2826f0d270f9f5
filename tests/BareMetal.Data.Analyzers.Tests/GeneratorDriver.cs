using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace BareMetal.Data.Analyzers.Tests;

/// <summary>Runs the generator over a piece of source, with or without EF Core among the references.</summary>
internal sealed class GeneratorDriver
{
    private static readonly ImmutableArray<MetadataReference> s_references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator)
        .Where(path => !Path.GetFileName(path).StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
            && !Path.GetFileName(path).StartsWith("BareMetal.Data.EntityFrameworkCore", StringComparison.Ordinal)
            && !Path.GetFileName(path).Contains("Analyzers", StringComparison.Ordinal))
        .Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))
        .ToImmutableArray();

    private static readonly ImmutableArray<MetadataReference> s_entityFramework = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator)
        .Where(path => Path.GetFileName(path).StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal))
        .Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))
        .ToImmutableArray();

    private readonly CSharpParseOptions _options = new(LanguageVersion.Latest);
    private Microsoft.CodeAnalysis.GeneratorDriver _driver;

    public GeneratorDriver(string source, bool entityFramework = false, string? lockFile = null)
    {
        Compilation = CSharpCompilation.Create(
            "Probe",
            [CSharpSyntaxTree.ParseText(source, _options, "Probe.cs")],
            entityFramework ? s_references.AddRange(s_entityFramework) : s_references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        AdditionalText[] files = lockFile is null ? [] : [new LockFile(lockFile)];
        _driver = CSharpGeneratorDriver.Create(
            [new EntityGenerator().AsSourceGenerator()], files, _options,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        Run();
    }

    public CSharpCompilation Compilation { get; private set; }

    public ImmutableArray<Diagnostic> Diagnostics { get; private set; }

    /// <summary>Errors and warnings of the source together with what was generated.</summary>
    public ImmutableArray<Diagnostic> CompilerDiagnostics { get; private set; }

    public GeneratorRunResult Result { get; private set; }

    public string Generated(string hint) => Result.GeneratedSources.Single(s => s.HintName == hint).SourceText.ToString();

    public void Add(string source)
    {
        Compilation = Compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText(source, _options, "More.cs"));
        Run();
    }

    private void Run()
    {
        _driver = _driver.RunGeneratorsAndUpdateCompilation(Compilation, out Compilation output, out ImmutableArray<Diagnostic> diagnostics);
        Diagnostics = diagnostics;
        Result = _driver.GetRunResult().Results[0];
        CompilerDiagnostics = output.GetDiagnostics().Where(d => d.Severity >= DiagnosticSeverity.Warning).ToImmutableArray();
    }

    private sealed class LockFile(string text) : AdditionalText
    {
        public override string Path => "/project/entities.lock";

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
