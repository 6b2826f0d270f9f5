using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using Xunit;

namespace BareMetal.Data.Tests.Types;

public sealed class TypeNameTests
{
    [Theory]
    [InlineData("int4", "integer")]
    [InlineData("INT", "integer")]
    [InlineData("int8", "bigint")]
    [InlineData("float8", "double precision")]
    [InlineData("double  precision", "double precision")]
    [InlineData("float(24)", "real")]
    [InlineData("float(25)", "double precision")]
    [InlineData("bool", "boolean")]
    [InlineData("numeric(10,2)", "decimal(10,2)")]
    [InlineData("numeric(10)", "decimal(10,0)")]
    [InlineData("numeric", "decimal")]
    [InlineData("character varying(20)", "varchar(20)")]
    [InlineData("varchar", "text")]
    [InlineData("char", "char(1)")]
    [InlineData("char(5)", "char(5)")]
    [InlineData("text[]", "text[]")]
    [InlineData("numeric(4,1)[][]", "decimal(4,1)[][]")]
    [InlineData("timestamp without time zone", "timestamp")]
    [InlineData("timestamp(3) without time zone", "timestamp(3)")]
    [InlineData("timestamp(7)", "timestamp")]
    [InlineData("timestamp with time zone", "timestamptz")]
    [InlineData("time without time zone", "time")]
    public void Aliases_are_understood(string alias, string name) => Assert.Equal(name, TypeNames.Format(TypeNames.Parse(alias)));

    [Fact]
    public void Names_read_back()
    {
        foreach (SqlType type in RandomValues.Types)
            Assert.Equal(type with { Collation = null }, TypeNames.Parse(TypeNames.Format(type)));
    }

    [Theory]
    [InlineData("intger", SqlStates.UndefinedObject)]
    [InlineData("intervall", SqlStates.UndefinedObject)]
    [InlineData("varchar(0)", SqlStates.InvalidParameterValue)]
    [InlineData("decimal(40,2)", SqlStates.InvalidParameterValue)]
    [InlineData("decimal(4,5)", SqlStates.InvalidParameterValue)]
    [InlineData("integer(4)", SqlStates.InvalidParameterValue)]
    [InlineData("timestamp(8)", SqlStates.InvalidParameterValue)]
    [InlineData("text]", SqlStates.UndefinedObject)]
    public void Unknown_names_and_modifiers_are_errors(string name, string state) =>
        Assert.Equal(state, Assert.Throws<BareMetalException>(() => TypeNames.Parse(name)).SqlState);

    [Fact]
    public void Common_types_widen_and_keep_collations()
    {
        Assert.Equal(SqlType.BigInt, TypeRules.Common(SqlType.Integer, SqlType.UInteger));
        Assert.Equal(SqlType.Decimal, TypeRules.Common(SqlType.UBigInt, SqlType.TinyInt));
        Assert.Equal(SqlType.Double, TypeRules.Common(SqlType.Decimal, SqlType.Real));
        Assert.Equal(SqlType.Uuid, TypeRules.Common(SqlType.Unknown, SqlType.Uuid));
        Assert.Equal(SqlType.Text with { Collation = "ordinal_ci" }, TypeRules.Common(SqlType.Text with { Length = 3 }, SqlType.Text with { Collation = "ordinal_ci" }));
        Assert.Equal(SqlType.DateTimeOffset, TypeRules.Common(SqlType.Date, SqlType.DateTimeOffset));
        Assert.Equal(SqlType.ArrayOf(SqlType.BigInt), TypeRules.Common(SqlType.ArrayOf(SqlType.Integer), SqlType.ArrayOf(SqlType.BigInt)));
        Assert.Null(TypeRules.Common(SqlType.Integer, SqlType.Text));
        Assert.Null(TypeRules.Common(SqlType.Boolean, SqlType.Integer));
    }
}
