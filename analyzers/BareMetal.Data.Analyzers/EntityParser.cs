using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace BareMetal.Data.Analyzers;

/// <summary>Reads a class into a model and reports what can't be stored.</summary>
internal static class EntityParser
{
    private const string Annotations = "System.ComponentModel.DataAnnotations.";

    public static EntityResult Parse(INamedTypeSymbol type, TypeDeclarationSyntax syntax, AttributeData entity, CancellationToken cancellation)
    {
        List<Problem> problems = new();
        Location location = syntax.Identifier.GetLocation();
        string fullName = type.ToDisplayString();
        List<string> containers = new();
        bool isPartial = true;
        for (SyntaxNode? node = syntax; node is TypeDeclarationSyntax declaration; node = node.Parent)
        {
            isPartial &= declaration.Modifiers.Any(SyntaxKind.PartialKeyword);
            if (node != syntax)
                containers.Insert(0, $"partial {declaration.Keyword.Text} {declaration.Identifier.Text}");
        }

        if (!isPartial)
            problems.Add(new Problem(Descriptors.NotPartial, location, fullName));
        if (type.TypeKind != TypeKind.Class || type.IsRecord || type.IsAbstract || type.IsGenericType || !type.InstanceConstructors.Any(c => c.Parameters.IsEmpty))
            problems.Add(new Problem(Descriptors.NotConstructible, location, fullName));

        string table = type.Name;
        int version = 1;
        foreach (KeyValuePair<string, TypedConstant> argument in entity.NamedArguments)
        {
            if (argument.Key == "Table" && argument.Value.Value is string { Length: > 0 } given)
                table = given;
            else if (argument.Key == "Version" && argument.Value.Value is int number)
                version = number;
        }

        EntityModel model = new(
            fullName, type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat), type.Name,
            type.ContainingNamespace.IsGlobalNamespace ? null : type.ContainingNamespace.ToDisplayString(), containers, table, version);
        List<string> keys = new();
        foreach (IPropertySymbol property in Properties(type))
        {
            cancellation.ThrowIfCancellationRequested();
            ReadMember(model, property, keys, problems);
        }

        Flatten(model, location, problems);
        ReadKeys(model, keys, location, problems);
        ReadIndexes(model, type, location, problems);
        string hash = Hash(model);
        string hint = fullName.Replace('<', '_').Replace('>', '_') + ".Entity.g.cs";
        bool fine = problems.Count == 0;
        return new EntityResult(
            fullName, version, hash, hint, fine ? EntityEmitter.Emit(model, hash) : null, fine ? EntityEmitter.EmitMapping(model) : null,
            new LocationInfo(location), problems.ToArray());
    }

    /// <summary>Stored properties, those of base classes first.</summary>
    private static IEnumerable<IPropertySymbol> Properties(INamedTypeSymbol type)
    {
        Stack<INamedTypeSymbol> chain = new();
        for (INamedTypeSymbol? t = type; t is not null && t.SpecialType != SpecialType.System_Object; t = t.BaseType)
            chain.Push(t);
        foreach (INamedTypeSymbol t in chain)
        {
            foreach (IPropertySymbol property in t.GetMembers().OfType<IPropertySymbol>())
            {
                if (!property.IsStatic && !property.IsIndexer && property.DeclaredAccessibility == Accessibility.Public
                    && property.GetMethod is not null && property.SetMethod is not null && property.ExplicitInterfaceImplementations.IsEmpty
                    && Attribute(property, Annotations + "Schema.NotMappedAttribute") is null)
                    yield return property;
            }
        }
    }

    private static void ReadMember(EntityModel model, IPropertySymbol property, List<string> keys, List<Problem> problems)
    {
        Location location = property.Locations.FirstOrDefault() ?? Location.None;
        string column = property.Name;
        string? typeName = null;
        if (Attribute(property, Annotations + "Schema.ColumnAttribute") is { } named)
        {
            if (named.ConstructorArguments.Length == 1 && named.ConstructorArguments[0].Value is string { Length: > 0 } given)
                column = given;
            typeName = named.NamedArguments.FirstOrDefault(a => a.Key == "TypeName").Value.Value as string;
        }

        if (Attribute(property, "BareMetal.Data.EntityObjectAttribute") is { } nested)
        {
            bool json = nested.ConstructorArguments.Length == 0 || nested.ConstructorArguments[0].Value is not 1;
            ReadObject(model, property, column, json, location, problems);
            return;
        }

        if (ScalarType.Of(property.Type) is not { } scalar)
        {
            problems.Add(new Problem(Descriptors.UnsupportedType, location, property.Name, property.Type.ToDisplayString()));
            return;
        }

        ScalarMember member = new(property.Name, column, scalar, typeName ?? WithLength(scalar, property)) { IsSettable = !property.SetMethod!.IsInitOnly };
        AttributeData? generated = Attribute(property, Annotations + "Schema.DatabaseGeneratedAttribute");
        object? option = generated?.ConstructorArguments.FirstOrDefault().Value;
        bool isKey = Attribute(property, Annotations + "KeyAttribute") is not null;
        if (isKey)
            keys.Add(property.Name);
        // As EF Core's convention: an integer key by itself is numbered by the database.
        member.IsIdentity = scalar.IsInteger && scalar.EnumMembers is null && !scalar.IsNullable
            && (option is 1 || (option is null && (isKey || string.Equals(property.Name, "Id", StringComparison.OrdinalIgnoreCase))));
        model.Members.Add(new EntityMember(member));
    }

    private static void ReadObject(EntityModel model, IPropertySymbol property, string column, bool json, Location location, List<Problem> problems)
    {
        bool nullable = property.Type.NullableAnnotation == NullableAnnotation.Annotated;
        if (property.Type is not INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Struct, IsGenericType: false, IsAbstract: false } type
            || !type.InstanceConstructors.Any(c => c.Parameters.IsEmpty) || ScalarType.Of(type) is not null)
        {
            problems.Add(new Problem(Descriptors.UnsupportedType, location, property.Name, property.Type.ToDisplayString()));
            return;
        }

        if (nullable && !json)
            problems.Add(new Problem(Descriptors.NullableColumns, location, property.Name));
        List<ScalarMember> members = new();
        foreach (IPropertySymbol inner in Properties(type))
        {
            if (ScalarType.Of(inner.Type) is { } scalar)
                members.Add(new ScalarMember(inner.Name, column + "_" + inner.Name, scalar, WithLength(scalar, inner)));
            else
                problems.Add(new Problem(Descriptors.UnsupportedType, inner.Locations.FirstOrDefault() ?? location, property.Name + "." + inner.Name, inner.Type.ToDisplayString()));
        }

        string clr = type.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
        model.Members.Add(new EntityMember(property.Name, column, clr, nullable, json, members));
    }

    private static string WithLength(ScalarType scalar, IPropertySymbol property)
    {
        if (scalar.Clr != "string")
            return scalar.Sql;
        AttributeData? length = Attribute(property, Annotations + "MaxLengthAttribute") ?? Attribute(property, Annotations + "StringLengthAttribute");
        return length?.ConstructorArguments.FirstOrDefault().Value is int and > 0 and var units
            ? "varchar(" + units.ToString(CultureInfo.InvariantCulture) + ")"
            : scalar.Sql;
    }

    private static void Flatten(EntityModel model, Location location, List<Problem> problems)
    {
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        foreach (EntityMember member in model.Members)
        {
            if (member.Scalar is { } scalar)
                model.Columns.Add((scalar.Name, scalar, null, scalar.Column));
            else if (member.IsJson)
                model.Columns.Add((member.Name, null, member, member.Column));
            else
                model.Columns.AddRange(member.Members.Select(m => (member.Name + "." + m.Name, (ScalarMember?)m, (EntityMember?)null, m.Column)));
        }

        foreach ((string _, ScalarMember? _, EntityMember? _, string column) in model.Columns)
        {
            if (!names.Add(column))
                problems.Add(new Problem(Descriptors.DuplicateColumn, location, model.FullName, column));
        }
    }

    private static void ReadKeys(EntityModel model, List<string> keys, Location location, List<Problem> problems)
    {
        if (keys.Count == 0)
        {
            string? id = model.Columns.Where(c => c.Scalar is not null && string.Equals(c.Path, "Id", StringComparison.OrdinalIgnoreCase)).Select(c => c.Path).FirstOrDefault();
            if (id is not null)
                keys.Add(id);
        }

        foreach (string key in keys)
            model.Keys.Add(model.Columns.FindIndex(c => c.Path == key));
        if (model.Keys.Count == 0)
            problems.Add(new Problem(Descriptors.NoKey, location, model.FullName));
        foreach ((string path, ScalarMember? scalar, EntityMember? _, string _) in model.Columns)
        {
            if (scalar is not { IsIdentity: true })
                continue;
            // A part of a composite key is numbered only when the attribute says so; one identity per entity.
            if (model.Keys.Count != 1 || model.Columns[model.Keys[0]].Path != path)
                scalar.IsIdentity = false;
            else if (!scalar.IsSettable)
                problems.Add(new Problem(Descriptors.KeyNotSettable, location, path));
        }
    }

    private static void ReadIndexes(EntityModel model, INamedTypeSymbol type, Location location, List<Problem> problems)
    {
        foreach (AttributeData attribute in type.GetAttributes())
        {
            if (attribute.AttributeClass?.ToDisplayString() != "BareMetal.Data.EntityIndexAttribute")
                continue;
            List<int> columns = new();
            foreach (TypedConstant member in attribute.ConstructorArguments.FirstOrDefault().Values)
            {
                string path = member.Value as string ?? "";
                int column = model.Columns.FindIndex(c => c.Path == path && c.Scalar is not null);
                if (column < 0)
                    problems.Add(new Problem(Descriptors.UnknownIndexMember, location, model.FullName, path));
                columns.Add(column);
            }

            if (columns.Count == 0)
                problems.Add(new Problem(Descriptors.UnknownIndexMember, location, model.FullName, ""));
            if (columns.Count == 0 || columns.Contains(-1))
                continue;
            string? name = attribute.NamedArguments.FirstOrDefault(a => a.Key == "Name").Value.Value as string;
            bool unique = attribute.NamedArguments.FirstOrDefault(a => a.Key == "IsUnique").Value.Value is true;
            name ??= "IX_" + model.Table + "_" + string.Join("_", columns.Select(c => model.Columns[c].Column));
            model.Indexes.Add((name, columns, unique));
        }
    }

    private static AttributeData? Attribute(ISymbol symbol, string name)
        => symbol.GetAttributes().FirstOrDefault(a => a.AttributeClass?.ToDisplayString() == name);

    /// <summary>FNV-1a over a canonical text of all that a stored row depends on.</summary>
    private static string Hash(EntityModel model)
    {
        StringBuilder text = new();
        text.Append(model.Table).Append('\n');
        foreach ((string path, ScalarMember? scalar, EntityMember? json, string column) in model.Columns)
        {
            text.Append(column).Append('|');
            if (scalar is not null)
                text.Append(scalar.Sql).Append(scalar.Type.IsNullable ? "?" : "").Append(scalar.IsIdentity ? "#" : "");
            if (json is not null)
            {
                text.Append("json").Append(json.IsNullable ? "?" : "");
                foreach (ScalarMember member in json.Members)
                    text.Append('{').Append(member.Name).Append('|').Append(member.Sql).Append(member.Type.IsNullable ? "?" : "").Append('}');
            }

            text.Append('\n');
        }

        text.Append("key ").Append(string.Join(",", model.Keys)).Append('\n');
        foreach ((string name, List<int> columns, bool unique) in model.Indexes)
            text.Append(unique ? "unique " : "index ").Append(name).Append(' ').Append(string.Join(",", columns)).Append('\n');
        ulong hash = 14695981039346656037UL;
        foreach (byte b in Encoding.UTF8.GetBytes(text.ToString()))
            hash = unchecked((hash ^ b) * 1099511628211UL);
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
