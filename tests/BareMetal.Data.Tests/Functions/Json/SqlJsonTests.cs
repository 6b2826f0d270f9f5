using BareMetal.Data.Tests.Planning;
using Xunit;

namespace BareMetal.Data.Tests.Functions.Json;

/// <summary>SQL/JSON as the standard and PostgreSQL 16 and 17 have it: constructors, IS JSON, JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_TABLE.</summary>
public sealed class SqlJsonTests
{
    [Theory]
    [InlineData("JSON_EXISTS('{\"a\":[1,2]}', '$.a[*] ? (@ > 1)')", "true")]
    [InlineData("JSON_EXISTS('{\"a\":[1,2]}', '$.a[*] ? (@ > $x)' PASSING 5 AS x)", "false")]
    [InlineData("JSON_EXISTS('{\"a\":1}', 'strict $.b')", "false")]
    [InlineData("JSON_EXISTS('{\"a\":1}', 'strict $.b' TRUE ON ERROR)", "true")]
    [InlineData("JSON_EXISTS('{\"a\":1}', 'strict $.b' UNKNOWN ON ERROR)", "null")]
    [InlineData("JSON_EXISTS('{\"a\":1}', 'strict $.b' ERROR ON ERROR)", "!2203A")]
    [InlineData("JSON_VALUE('{\"a\":\"x\"}', '$.a')", "x")]
    [InlineData("JSON_VALUE('{\"a\":12}', '$.a' RETURNING integer) + 1", "13")]
    [InlineData("JSON_VALUE('{\"a\":\"x\"}', '$.a' RETURNING integer)", "null")]
    [InlineData("JSON_VALUE('{\"a\":\"x\"}', '$.a' RETURNING integer DEFAULT 7 ON ERROR)", "7")]
    [InlineData("JSON_VALUE('{\"a\":\"x\"}', '$.a' RETURNING integer ERROR ON ERROR)", "!22P02")]
    [InlineData("JSON_VALUE('{\"a\":\"x\"}', '$.b' DEFAULT 'none' ON EMPTY)", "none")]
    [InlineData("JSON_VALUE('{\"a\":\"x\"}', '$.b' ERROR ON EMPTY)", "!22035")]
    [InlineData("JSON_VALUE('{\"a\":[1,2]}', '$.a' NULL ON EMPTY DEFAULT 'bad' ON ERROR)", "bad")]
    [InlineData("JSON_VALUE('{\"a\":[1,2]}', '$.a[*]' ERROR ON ERROR)", "!22034")]
    [InlineData("JSON_VALUE('{\"a\":[1,2]}', '$.a' ERROR ON ERROR)", "!2203F")]
    [InlineData("JSON_VALUE('{\"a\":\"2024-02-29\"}', '$.a' RETURNING date) + 1", "2024-03-01")]
    [InlineData("JSON_VALUE('{\"a\":null}', '$.a' DEFAULT 'x' ON EMPTY)", "null")]
    [InlineData("JSON_VALUE(NULL, '$.a' DEFAULT 'x' ON EMPTY)", "null")]
    [InlineData("JSON_VALUE(jsonb '[1,2,3]', '$[$i]' PASSING 2 AS i RETURNING bigint)", "3")]
    [InlineData("JSON_QUERY('{\"a\":[1,{\"b\":2}]}', '$.a')", "[1,{\"b\":2}]")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":[1,{\"b\":2}]}', '$.a[*]' WITH WRAPPER)", "[1, {\"b\": 2}]")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":[1,{\"b\":2}]}', '$.a[*]')", "null")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":[1,{\"b\":2}]}', '$.a[*]' ERROR ON ERROR)", "!22034")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":1}', '$.a' WITH CONDITIONAL WRAPPER)", "1")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":1}', '$.a' WITH UNCONDITIONAL ARRAY WRAPPER)", "[1]")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":\"s\"}', '$.a')", "\"s\"")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":\"s\"}', '$.a' RETURNING text OMIT QUOTES)", "s")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":\"s\"}', '$.a' RETURNING text KEEP QUOTES)", "\"s\"")]
    [InlineData("JSON_QUERY(jsonb '{}', '$.a' EMPTY ARRAY ON EMPTY)", "[]")]
    [InlineData("JSON_QUERY(jsonb '{}', 'strict $.a' EMPTY OBJECT ON ERROR)", "{}")]
    [InlineData("JSON_QUERY(jsonb '{\"a\":[1,2]}', '$.a' RETURNING integer[])", "{1,2}")]
    [InlineData("JSON_OBJECT('a' : 1, 'b' VALUE 'x', KEY 'c' VALUE NULL)", "{\"a\" : 1, \"b\" : \"x\", \"c\" : null}")]
    [InlineData("JSON_OBJECT('a' : 1, 'c' VALUE NULL ABSENT ON NULL)", "{\"a\" : 1}")]
    [InlineData("JSON_OBJECT('b' : 1, 'a' : '[2]' FORMAT JSON RETURNING jsonb)", "{\"a\": [2], \"b\": 1}")]
    [InlineData("JSON_OBJECT('a' : 1, 'a' : 2 WITH UNIQUE KEYS)", "!22030")]
    [InlineData("JSON_OBJECT(NULL : 1)", "!22004")]
    [InlineData("JSON_OBJECT()", "{}")]
    [InlineData("json_object('{a,1}'::text[])", "{\"a\" : \"1\"}")]
    [InlineData("JSON_ARRAY(1, 'x', NULL, true)", "[1, \"x\", true]")]
    [InlineData("JSON_ARRAY(1, NULL NULL ON NULL RETURNING jsonb)", "[1, null]")]
    [InlineData("JSON_ARRAY()", "[]")]
    [InlineData("JSON_ARRAY(SELECT i FROM (VALUES (1), (NULL), (3)) AS t(i) RETURNING jsonb)", "[1, 3]")]
    [InlineData("JSON('{\"a\":1}')", "{\"a\":1}")]
    [InlineData("JSON_SCALAR('x')", "\"x\"")]
    [InlineData("JSON_SERIALIZE(jsonb '{\"a\":1}' RETURNING text)", "{\"a\": 1}")]
    [InlineData("'{\"a\":1}' IS JSON", "true")]
    [InlineData("'{a:1}' IS NOT JSON", "true")]
    [InlineData("'[1]' IS JSON OBJECT", "false")]
    [InlineData("'[1]' IS JSON ARRAY", "true")]
    [InlineData("'1' IS JSON SCALAR", "true")]
    [InlineData("'{\"a\":1,\"a\":2}' IS JSON WITH UNIQUE KEYS", "false")]
    [InlineData("'[{\"a\":1,\"a\":2}]' IS JSON OBJECT WITHOUT UNIQUE KEYS", "false")]
    [InlineData("NULL::text IS JSON", "null")]
    public void Functions_and_tests_do_what_their_clauses_say(string expression, string expected) => Check($"SELECT ({expression})::text", expected);

    [Theory]
    [InlineData("SELECT JSON_OBJECTAGG(k VALUE v RETURNING jsonb)::text FROM (VALUES ('a', 1), ('b', NULL)) AS t(k, v)", "{\"a\": 1, \"b\": null}")]
    [InlineData("SELECT JSON_OBJECTAGG(k : v ABSENT ON NULL RETURNING jsonb)::text FROM (VALUES ('a', 1), ('b', NULL)) AS t(k, v)", "{\"a\": 1}")]
    [InlineData("SELECT JSON_OBJECTAGG(k : v WITH UNIQUE KEYS) FROM (VALUES ('a', 1), ('a', 2)) AS t(k, v)", "!22030")]
    [InlineData("SELECT JSON_ARRAYAGG(v ORDER BY v DESC RETURNING jsonb)::text FROM (VALUES (1), (NULL), (3)) AS t(v)", "[3, 1]")]
    [InlineData("SELECT JSON_ARRAYAGG(v ORDER BY v NULL ON NULL RETURNING jsonb) FILTER (WHERE v IS NULL OR v < 3)::text FROM (VALUES (1), (NULL), (3)) AS t(v)", "[null, 1]")]
    [InlineData("SELECT * FROM JSON_TABLE('[{\"a\":1,\"b\":\"x\"},{\"a\":\"bad\"},7]', '$[*]' COLUMNS (n FOR ORDINALITY, a int, b text DEFAULT 'none' ON EMPTY, has boolean EXISTS PATH '$.a'))", "1|1|x|true\n2|null|none|true\n3|null|none|false")]
    [InlineData("SELECT * FROM JSON_TABLE('{\"o\":[{\"id\":1,\"l\":[{\"p\":10},{\"p\":20}]},{\"id\":2,\"l\":[]}]}', '$.o[*]' COLUMNS (id int, NESTED PATH '$.l[*]' COLUMNS (line FOR ORDINALITY, p int))) AS t", "1|1|10\n1|2|20\n2|null|null")]
    [InlineData("SELECT * FROM JSON_TABLE('{\"id\":1,\"a\":[1,2],\"b\":[3]}', '$' COLUMNS (id int, NESTED '$.a[*]' COLUMNS (a int PATH '$'), NESTED '$.b[*]' COLUMNS (b int PATH '$'))) AS t", "1|1|null\n1|2|null\n1|null|3")]
    [InlineData("SELECT t.j::text FROM JSON_TABLE(jsonb '[{\"a\":[1,2]}]', '$[*]' COLUMNS (j jsonb PATH '$.a')) AS t", "[1, 2]")]
    [InlineData("SELECT a FROM JSON_TABLE('[{\"a\":\"x\"}]', '$[*]' COLUMNS (a int) ERROR ON ERROR) AS t", "!22P02")]
    [InlineData("SELECT a FROM JSON_TABLE('[1]', 'strict $.x' COLUMNS (a int PATH '$')) AS t", "")]
    [InlineData("SELECT a FROM JSON_TABLE('[1]', 'strict $.x' COLUMNS (a int PATH '$') ERROR ON ERROR) AS t", "!2203A")]
    [InlineData("SELECT d.id, t.v FROM (VALUES (1, '[1,5]'::jsonb), (2, '[7]')) AS d(id, doc), JSON_TABLE(d.doc, '$[*] ? (@ > $m)' PASSING 3 AS m COLUMNS (v int PATH '$')) AS t ORDER BY 1", "1|5\n2|7")]
    public void Aggregates_and_tables_of_json_give_rows(string sql, string expected) => Check(sql, expected);

    [Fact]
    public void A_value_with_a_type_can_be_indexed_and_is_found()
    {
        using SqlHarness db = new();
        db.Execute("CREATE TABLE d (id int PRIMARY KEY, doc jsonb)");
        db.Execute("INSERT INTO d SELECT i, ('{\"n\":' || i || '}')::jsonb FROM generate_series(1, 1000) AS i");
        db.Execute("CREATE INDEX v ON d (JSON_VALUE(doc, '$.n' RETURNING integer))");
        const string Query = "SELECT id FROM d WHERE JSON_VALUE(doc, '$.n' RETURNING integer) = 77";
        Assert.Contains("Index Seek on d using v", db.Explain(Query));
        Assert.Equal(["77"], db.Query(Query));
    }

    private static void Check(string sql, string expected)
    {
        using SqlHarness db = new();
        string actual;
        try
        {
            actual = string.Join('\n', db.Query(sql));
        }
        catch (BareMetalException e)
        {
            actual = "!" + e.SqlState;
        }

        Assert.Equal(expected, actual);
    }
}
