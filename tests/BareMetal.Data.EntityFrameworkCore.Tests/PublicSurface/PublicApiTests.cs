using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.PublicSurface;

/// <summary>
/// Every public type and member is listed in PublicApi.txt beside each project, so that a change of the public surface shows in review.
/// Run the tests with UPDATE_PUBLIC_API=1 to write the lists anew.
/// </summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> Assemblies => ["BareMetal.Data.Storage", "BareMetal.Data", "BareMetal.Data.EntityFrameworkCore"];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void The_public_surface_is_the_recorded_one(string name)
    {
        string recorded = Path.Combine(SourceFolder(), name, "PublicApi.txt");
        string actual = Describe(Load(name));
        if (Environment.GetEnvironmentVariable("UPDATE_PUBLIC_API") == "1")
            File.WriteAllText(recorded, actual);
        string expected = File.Exists(recorded) ? File.ReadAllText(recorded) : "";
        string[] have = actual.Split('\n'), want = expected.Split('\n');
        IEnumerable<string> changes = have.Except(want).Select(l => "+ " + l).Concat(want.Except(have).Select(l => "- " + l));
        Assert.True(actual == expected, $"The public surface of {name} differs from {recorded}; when that is meant, run with UPDATE_PUBLIC_API=1.\n{string.Join('\n', changes.Take(40))}");
    }

    private static Assembly Load(string name) => name switch
    {
        "BareMetal.Data.Storage" => typeof(global::BareMetal.Data.Storage.IStorageProvider).Assembly,
        "BareMetal.Data" => typeof(BareMetalConnection).Assembly,
        _ => typeof(BareMetalDbContextOptionsBuilderExtensions).Assembly,
    };

    // By the folder of the tests, not by the path of this file: deterministic builds replace that.
    private static string SourceFolder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "BareMetal.Data.sln")))
            folder = folder.Parent;
        return Path.Combine((folder ?? throw new InvalidOperationException($"No solution lies above {AppContext.BaseDirectory}.")).FullName, "src");
    }

    private static string Describe(Assembly assembly)
    {
        StringBuilder text = new();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(Name(type));
            string[] bases = [.. new[] { type.BaseType }.Where(b => b is not null && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum)).Select(b => Name(b!)),
                .. type.GetInterfaces().Where(i => i.IsPublic || i.IsNestedPublic).Select(Name).Order(StringComparer.Ordinal)];
            if (bases.Length > 0 && !type.IsEnum)
                text.Append(" : ").AppendJoin(", ", bases);
            text.Append('\n');
            foreach (string member in type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(Member).OfType<string>().Order(StringComparer.Ordinal))
                text.Append("    ").Append(member).Append('\n');
        }

        return text.ToString();
    }

    private static string Kind(Type type) => type switch
    {
        { IsInterface: true } => "interface",
        { IsEnum: true } => "enum",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string? Member(MemberInfo member) => member switch
    {
        FieldInfo f when Visible(f.IsPublic, f.IsFamily, f.IsFamilyOrAssembly) && !f.IsSpecialName =>
            f.IsLiteral ? $"const {Name(f.FieldType)} {f.Name} = {f.GetRawConstantValue()}" : $"{(f.IsStatic ? "static " : "")}{Name(f.FieldType)} {f.Name}",
        ConstructorInfo c when Visible(c.IsPublic, c.IsFamily, c.IsFamilyOrAssembly) => $".ctor({Parameters(c)})",
        MethodInfo m when Visible(m.IsPublic, m.IsFamily, m.IsFamilyOrAssembly) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) =>
            $"{(m.IsStatic ? "static " : "")}{Name(m.ReturnType)} {m.Name}{(m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(Name))}>" : "")}({Parameters(m)})",
        PropertyInfo p when Accessors(p) is { Length: > 0 } a => $"{(((p.GetMethod ?? p.SetMethod)!).IsStatic ? "static " : "")}{Name(p.PropertyType)} {p.Name} {{ {a} }}",
        EventInfo e when e.AddMethod is { IsPublic: true } => $"event {Name(e.EventHandlerType!)} {e.Name}",
        _ => null,
    };

    private static string Accessors(PropertyInfo property)
    {
        List<string> parts = [];
        if (property.GetMethod is { } get && Visible(get.IsPublic, get.IsFamily, get.IsFamilyOrAssembly))
            parts.Add("get;");
        if (property.SetMethod is { } set && Visible(set.IsPublic, set.IsFamily, set.IsFamilyOrAssembly))
            parts.Add(set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init;" : "set;");
        return string.Join(' ', parts);
    }

    private static bool Visible(bool isPublic, bool isFamily, bool isFamilyOrAssembly) => isPublic || isFamily || isFamilyOrAssembly;

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? " = " + (p.DefaultValue ?? "null") : "")}"));

    private static string Name(Type type)
    {
        if (type.IsByRef)
            return "ref " + Name(type.GetElementType()!);
        if (type.IsArray)
            return Name(type.GetElementType()!) + "[]";
        if (type.IsPointer)
            return Name(type.GetElementType()!) + "*";
        if (type.IsGenericParameter)
            return type.Name;
        string name = type.FullName is null || type.IsGenericType ? $"{type.Namespace}.{type.Name.Split('`')[0]}" : type.FullName;
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }
}
