using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>
/// EF Core's generator of scaffolded code implements interfaces of a package for text templates, though it runs none unless a project has some. Where the package is missing, types of
/// the same names and shapes let it be loaded.
/// </summary>
internal static class TextTemplating
{
    private const string AssemblyName = "Mono.TextTemplating";

    private const string Source = """
        using System;
        using System.CodeDom.Compiler;
        using System.Collections.Generic;
        using System.Runtime.Serialization;
        using System.Text;

        namespace Microsoft.VisualStudio.TextTemplating;

        public interface ITextTemplatingEngineHost
        {
            IList<string> StandardAssemblyReferences { get; }
            IList<string> StandardImports { get; }
            string TemplateFile { get; }
            object GetHostOption(string optionName);
            bool LoadIncludeText(string requestFileName, out string content, out string location);
            void LogErrors(CompilerErrorCollection errors);
            AppDomain ProvideTemplatingAppDomain(string content);
            string ResolveAssemblyReference(string assemblyReference);
            Type ResolveDirectiveProcessor(string processorName);
            string ResolveParameterValue(string directiveId, string processorName, string parameterName);
            string ResolvePath(string path);
            void SetFileExtension(string extension);
            void SetOutputEncoding(Encoding encoding, bool fromOutputDirective);
        }

        public interface ITextTemplatingSession : IEquatable<ITextTemplatingSession>, IDictionary<string, object>, ISerializable
        {
            Guid Id { get; }
        }

        public interface ITextTemplatingSessionHost
        {
            ITextTemplatingSession Session { get; set; }
            ITextTemplatingSession CreateSession();
        }

        public sealed class TextTemplatingSession : Dictionary<string, object>, ITextTemplatingSession
        {
            public TextTemplatingSession() : this(Guid.NewGuid()) { }
            public TextTemplatingSession(Guid id) => Id = id;
            public Guid Id { get; }
            public bool Equals(ITextTemplatingSession other) => other?.Id == Id;
        }
        """;

    internal static void Provide()
        => AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            if (name.Name != AssemblyName)
                return null;
            lock (AssemblyName)
                return AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(a => a.GetName().Name == AssemblyName) ?? Load(context, name.Version!);
        };

    private static System.Reflection.Assembly Load(AssemblyLoadContext context, Version version)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(p => MetadataReference.CreateFromFile(p));
        SyntaxTree[] trees =
        [
            CSharpSyntaxTree.ParseText(Source),
            CSharpSyntaxTree.ParseText($"[assembly: System.Reflection.AssemblyVersion(\"{version}\")]"),
        ];
        using var stream = new MemoryStream();
        var result = CSharpCompilation.Create(AssemblyName, trees, references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)).Emit(stream);
        if (!result.Success)
            throw new InvalidOperationException(string.Join("\n", result.Diagnostics));
        stream.Position = 0;
        return context.LoadFromStream(stream);
    }
}
