using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using Xunit;

namespace BareMetal.Data.Tests.Sql;

public sealed class ExpressionParsingTests
{
    private static string Parse(string text)
    {
        var statement = (QueryStatement)SqlParser.ParseStatement("SELECT " + text);
        return Sexp.Of(((SelectBody)statement.Query.Body).Items[0].Expression);
    }

    [Theory]
    [InlineData("a + b * c", "(Add a (Multiply b c))")]
    [InlineData("a * b + c", "(Add (Multiply a b) c)")]
    [InlineData("a - b - c", "(Subtract (Subtract a b) c)")]
    [InlineData("a / b % c", "(Modulo (Divide a b) c)")]
    [InlineData("2 ^ 3 ^ 2", "(Power (Power 2 3) 2)")]
    [InlineData("-2 ^ 2", "(Power -2 2)")]
    [InlineData("-a ^ 2", "(Power (Minus a) 2)")]
    [InlineData("-a::integer", "(Minus (Cast Operand:a Type:integer))")]
    [InlineData("a || b + c", "(Concat a (Add b c))")]
    [InlineData("a || b = c", "(Equal (Concat a b) c)")]
    [InlineData("a & b = c", "(Equal (BitwiseAnd a b) c)")]
    [InlineData("~a & b", "(BitwiseAnd (BitwiseNot a) b)")]
    [InlineData("a << 1 + 2", "(ShiftLeft a (Add 1 2))")]
    [InlineData("NOT a = b", "(Not (Equal a b))")]
    [InlineData("NOT a AND b OR c", "(Or (And (Not a) b) c)")]
    [InlineData("a OR b AND c", "(Or a (And b c))")]
    [InlineData("a AND b OR c AND d", "(Or (And a b) (And c d))")]
    [InlineData("NOT NOT a", "(Not (Not a))")]
    [InlineData("NOT a IS NULL", "(Not (Is Operand:a))")]
    [InlineData("NOT a IN (1)", "(Not (InList Operand:a Items:[1]))")]
    [InlineData("NOT a LIKE b", "(Not (Like Operand:a Pattern:b))")]
    [InlineData("NOT a BETWEEN 1 AND 2 AND b", "(And (Not (Between Operand:a Low:1 High:2)) b)")]
    [InlineData("a = b IS NULL", "(Is Operand:(Equal a b))")]
    [InlineData("a < b IS TRUE", "(Is Operand:(Less a b) Test:True)")]
    [InlineData("a IS NOT NULL AND b", "(And (Is Operand:a Negated:true) b)")]
    [InlineData("a IS DISTINCT FROM b = c", "(DistinctFrom Left:a Right:(Equal b c))")]
    [InlineData("a IS NOT DISTINCT FROM b AND c", "(And (DistinctFrom Left:a Right:b Negated:true) c)")]
    [InlineData("a = b LIKE c", "(Equal a (Like Operand:b Pattern:c))")]
    [InlineData("a LIKE b || c", "(Like Operand:a Pattern:(Concat b c))")]
    [InlineData("a LIKE b ESCAPE '!' AND c", "(And (Like Operand:a Pattern:b Escape:'!') c)")]
    [InlineData("a NOT ILIKE b", "(Like Kind:ILike Operand:a Pattern:b Negated:true)")]
    [InlineData("a NOT SIMILAR TO b", "(Like Kind:SimilarTo Operand:a Pattern:b Negated:true)")]
    [InlineData("a BETWEEN b + 1 AND c * 2 OR d", "(Or (Between Operand:a Low:(Add b 1) High:(Multiply c 2)) d)")]
    [InlineData("a NOT BETWEEN SYMMETRIC 2 AND 1", "(Between Operand:a Low:2 High:1 Negated:true Symmetric:true)")]
    [InlineData("a = b AND c = d", "(And (Equal a b) (Equal c d))")]
    [InlineData("a->'b'->>'c' = 'd'", "(Equal (JsonGetText (JsonGet a 'b') 'c') 'd')")]
    [InlineData("a #>> '{b,c}' || 'd'", "(Concat (JsonPathText a '{b,c}') 'd')")]
    [InlineData("a @> b AND c <@ d", "(And (Contains a b) (ContainedBy c d))")]
    [InlineData("a AT TIME ZONE 'UTC' + b", "(Add (AtTimeZone Operand:a Zone:'UTC') b)")]
    [InlineData("a COLLATE \"x\" < b", "(Less (Collate Operand:a Collation:x) b)")]
    [InlineData("a::text::varchar(3)[1]", "(Cast Operand:(Cast Operand:a Type:text) Type:varchar(3)[])")]
    [InlineData("a[1][2]", "(Subscript Operand:(Subscript Operand:a Lower:1) Lower:2)")]
    [InlineData("a[1:2]", "(Subscript Operand:a Lower:1 Upper:2 IsSlice:true)")]
    [InlineData("a[:2]", "(Subscript Operand:a Upper:2 IsSlice:true)")]
    [InlineData("a[2:]", "(Subscript Operand:a Lower:2 IsSlice:true)")]
    [InlineData("(r).f + 1", "(Add (Field Operand:r Field:f) 1)")]
    [InlineData("a = ANY ($1)", "(Quantified Left:a Operator:Equal Array:$1)")]
    [InlineData("a <> ALL (b) AND c", "(And (Quantified Left:a Operator:NotEqual All:true Array:b) c)")]
    [InlineData("a LIKE ANY (b)", "(Quantified Left:a Like:Like Array:b)")]
    [InlineData("a ISNULL OR b NOTNULL", "(Or (Is Operand:a) (Is Operand:b Negated:true))")]
    [InlineData("(1, 2) < (a, b)", "(Less (Row Items:[1 2]) (Row Items:[a b]))")]
    [InlineData("ROW(1) = ROW()", "(Equal (Row Items:[1]) (Row))")]
    public void Binds_operators_as_PostgreSQL_does(string text, string tree) => Assert.Equal(tree, Parse(text));

    [Theory]
    [InlineData("2147483647", "2147483647")]
    [InlineData("2147483648", "2147483648L")]
    [InlineData("-2147483648", "-2147483648")]
    [InlineData("-9223372036854775808", "-9223372036854775808L")]
    [InlineData("9223372036854775808", "9223372036854775808M")]
    [InlineData("1_000", "1000")]
    [InlineData("0x1F", "31")]
    [InlineData("0b101", "5")]
    [InlineData("0o17", "15")]
    [InlineData("1.50", "1.50M")]
    [InlineData(".5", "0.5M")]
    [InlineData("1.", "1M")]
    [InlineData("1e3", "1000D")]
    [InlineData("1.5E-3", "0.0015D")]
    [InlineData("1234567890123456789012345678901", "1.2345678901234568E+30D")]
    [InlineData("'it''s'", "'it's'")]
    [InlineData("''", "''")]
    [InlineData("E'a\\n\\t\\\\\\'b\\x41\\u0042\\101'", "'a\n\t\\'bABA'")]
    [InlineData("'a'\n 'b'", "'ab'")]
    [InlineData("$$it's$$", "'it's'")]
    [InlineData("$q$a $$ b$q$", "'a $$ b'")]
    [InlineData("N'x'", "'x'")]
    [InlineData("X'00fF'", "0x00FF")]
    [InlineData("TRUE", "TRUE")]
    [InlineData("null", "NULL")]
    [InlineData("DATE '2024-02-29'", "(TypedLiteral Type:DATE Text:'2024-02-29')")]
    [InlineData("timestamp with time zone 'x'", "(TypedLiteral Type:timestamptz Text:'x')")]
    [InlineData("TIMESTAMP(3) '2024-01-01'", "(TypedLiteral Type:timestamp(3) Text:'2024-01-01')")]
    [InlineData("DATETIMEOFFSET 'x'", "(TypedLiteral Type:DATETIMEOFFSET Text:'x')")]
    [InlineData("double precision '1'", "(TypedLiteral Type:double precision Text:'1')")]
    [InlineData("TIMESPAN '1.02:03:04'", "(TypedLiteral Type:TIMESPAN Text:'1.02:03:04')")]
    public void Reads_literals(string text, string tree) => Assert.Equal(tree, Parse(text));

    [Theory]
    [InlineData("CAST(a AS numeric(10, 2))", "(Cast Operand:a Type:numeric(10,2))")]
    [InlineData("CAST(a AS character varying(5) ARRAY)", "(Cast Operand:a Type:varchar(5)[])")]
    [InlineData("CAST(a AS double precision)", "(Cast Operand:a Type:double precision)")]
    [InlineData("a::time without time zone", "(Cast Operand:a Type:time)")]
    [InlineData("TRY_CAST(a AS uuid)", "(Cast Operand:a Type:uuid Try:true)")]
    [InlineData("EXTRACT(YEAR FROM a)", "(Call Name:extract Arguments:['year' a])")]
    [InlineData("SUBSTRING(a FROM 2 FOR 3)", "(Call Name:substring Arguments:[a 2 3])")]
    [InlineData("SUBSTRING(a FOR 3)", "(Call Name:substring Arguments:[a 1 3])")]
    [InlineData("substring(a, 2)", "(Call Name:substring Arguments:[a 2])")]
    [InlineData("TRIM(a)", "(Call Name:btrim Arguments:[a])")]
    [InlineData("TRIM(LEADING 'x' FROM a)", "(Call Name:ltrim Arguments:[a 'x'])")]
    [InlineData("TRIM(TRAILING FROM a)", "(Call Name:rtrim Arguments:[a])")]
    [InlineData("TRIM('x' FROM a)", "(Call Name:btrim Arguments:[a 'x'])")]
    [InlineData("POSITION('x' IN a)", "(Call Name:position Arguments:[a 'x'])")]
    [InlineData("OVERLAY(a PLACING b FROM 2 FOR 3)", "(Call Name:overlay Arguments:[a b 2 3])")]
    [InlineData("CURRENT_TIMESTAMP", "(Call Name:current_timestamp)")]
    [InlineData("left(a, 1)", "(Call Name:left Arguments:[a 1])")]
    [InlineData("s.f(a)", "(Call Name:s.f Arguments:[a])")]
    [InlineData("count(*)", "(Call Name:count Star:true)")]
    [InlineData("count(DISTINCT a) FILTER (WHERE b)", "(Call Name:count Arguments:[a] Distinct:true Filter:b)")]
    [InlineData("string_agg(a, ',' ORDER BY b DESC)", "(Call Name:string_agg Arguments:[a ','] OrderBy:[(SortItem Expression:b Descending:true)])")]
    [InlineData("f(a, x => 1)", "(Call Name:f Arguments:[a 1] ArgumentNames:[null 'x'])")]
    [InlineData("mode() WITHIN GROUP (ORDER BY a)", "(Call Name:mode WithinGroup:[(SortItem Expression:a)])")]
    [InlineData("rank() OVER w", "(Call Name:rank Over:(WindowSpecification BaseName:w IsReference:true))")]
    [InlineData(
        "sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES)",
        "(Call Name:sum Arguments:[a] Over:(WindowSpecification PartitionBy:[b] OrderBy:[(SortItem Expression:c)] "
            + "Frame:(WindowFrame Unit:Rows Start:Preceding StartOffset:1 End:CurrentRow Exclusion:Ties)))")]
    [InlineData("CASE a WHEN 1 THEN 'x' ELSE 'y' END", "(Case Operand:a Whens:[(CaseWhen Condition:1 Result:'x')] Else:'y')")]
    [InlineData("CASE WHEN a THEN 1 WHEN b THEN 2 END", "(Case Whens:[(CaseWhen Condition:a Result:1) (CaseWhen Condition:b Result:2)])")]
    [InlineData("ARRAY[1, 2]", "(Array Items:[1 2])")]
    [InlineData("ARRAY[[1], [2]]", "(Array Items:[(Array Items:[1]) (Array Items:[2])])")]
    [InlineData("((a))", "a")]
    [InlineData("\"Weird \"\" name\".\"b\"", "Weird \" name.b")]
    [InlineData("t.select", "t.select")]
    public void Reads_special_forms(string text, string tree) => Assert.Equal(tree, Parse(text));

    [Fact]
    public void A_query_in_any_number_of_parentheses_is_a_query()
    {
        const string One = "(Subquery Query:(Query Body:(Select Items:[(SelectItem Expression:1)])))";
        Assert.Equal(One, Parse("(SELECT 1)"));
        Assert.Equal(One, Parse("(((SELECT 1)))"));
        Assert.Equal($"(Add {One} 1)", Parse("((SELECT 1) + 1)"));
        Assert.Equal($"(Row Items:[{One} 2])", Parse("((SELECT 1), 2)"));
        Assert.StartsWith("(Subquery Query:(Query Body:(SetOperation Left:(Nested", Parse("((SELECT 1) UNION (SELECT 2))"), StringComparison.Ordinal);
        Assert.StartsWith("(InQuery Operand:a Query:(Query Body:(SetOperation", Parse("a IN ((SELECT 1) UNION SELECT 2)"), StringComparison.Ordinal);
        Assert.StartsWith("(InQuery", Parse("a IN ((SELECT 1))"), StringComparison.Ordinal);
        Assert.StartsWith("(InList", Parse("a IN ((SELECT 1), 2)"), StringComparison.Ordinal);
        Assert.StartsWith("(Exists", Parse("EXISTS ((SELECT 1) LIMIT 1)"), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_has_no_UTF8_form_is_refused()
    {
        BareMetalException error = Assert.Throws<BareMetalException>(() => Parse("'a\uD800b'"));
        Assert.Equal(SqlStates.CharacterNotInRepertoire, error.SqlState);
        Assert.Equal("'\U0001F600'", Parse("'\U0001F600'"));
    }
}
