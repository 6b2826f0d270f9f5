using Xunit;

namespace BareMetal.Data.Tests.Queries;

public sealed class QueryDefinitionTests
{
    private static readonly EntitySchema s_schema = new(
        "Shop.Customer", "customers", 1, "00", [
            new EntityColumn("Id", "id", "bigint"),
            new EntityColumn("Name", "name", "varchar(40)"),
            new EntityColumn("City", "city", "text") { IsNullable = true },
            new EntityColumn("Score", "score", "decimal(10,2)") { IsNullable = true },
            new EntityColumn("Active", "active", "boolean"),
            new EntityColumn("Since", "since", "date"),
            new EntityColumn("Key", "key", "uuid"),
            new EntityColumn("Grade", "grade", "integer") { EnumMembers = new Dictionary<string, long> { ["Low"] = 0, ["High"] = 5 } },
            new EntityColumn("Home", "home", "json") { JsonMembers = [new EntityJsonMember("Street", "text"), new EntityJsonMember("Number", "integer") { IsNullable = true }] },
        ], [0], []);

    [Fact]
    public void A_definition_survives_json_and_back()
    {
        QueryDefinition definition = new()
        {
            Where = QueryNode.And(
                QueryNode.Field("City", QueryOperator.Equal, "Oslo"),
                new QueryGroup(QueryGroupKind.Or, QueryNode.Field("Score", QueryOperator.Between, new object[] { 1, 2.50m }), QueryNode.Field("Name", QueryOperator.IsNull)) { IsNegated = true },
                QueryNode.Field("Id", QueryOperator.In, new long[] { 1, 2, 3 }),
                QueryNode.Field("Since", QueryOperator.GreaterOrEqual, new DateOnly(2024, 2, 29))),
            Sort = { new QuerySort("Name"), new QuerySort("Score", Descending: true) },
            Skip = 5,
            Take = 10,
        };
        string json = definition.ToJson();
        Assert.Equal("""{"where":{"and":[{"field":"City","op":"eq","value":"Oslo"},{"not":true,"or":[{"field":"Score","op":"between","value":[1,2.50]},{"field":"Name","op":"isNull"}]},{"field":"Id","op":"in","value":[1,2,3]},{"field":"Since","op":"ge","value":"2024-02-29"}]},"sort":[{"field":"Name"},{"field":"Score","desc":true}],"skip":5,"take":10}""", json);
        Assert.Equal(json, QueryDefinition.FromJson(json).ToJson());
        Assert.Empty(QueryDefinition.FromJson(json).Validate(s_schema));
    }

    [Theory]
    [InlineData("{", "$")]
    [InlineData("[]", "$")]
    [InlineData("""{"filter": 1}""", "filter")]
    [InlineData("""{"take": -1}""", "take")]
    [InlineData("""{"skip": 1.5}""", "skip")]
    [InlineData("""{"where": {"field": "Id", "op": "like", "value": 1}}""", "where.op")]
    [InlineData("""{"where": {"field": "Id", "value": 1}}""", "where.op")]
    [InlineData("""{"where": {"op": "eq", "value": 1}}""", "where.field")]
    [InlineData("""{"where": {"and": [{"or": 5}]}}""", "where.and[0].or")]
    [InlineData("""{"where": {"and": [], "maybe": true}}""", "where.maybe")]
    [InlineData("""{"where": {"field": "Id", "op": "eq", "value": {"a": 1}}}""", "where.value")]
    [InlineData("""{"sort": [{"desc": true}]}""", "sort[0]")]
    public void What_cannot_be_read_is_named_with_its_place(string json, string path)
        => Assert.Contains(Assert.Throws<QueryDefinitionException>(() => QueryDefinition.FromJson(json)).Problems, p => p.Path == path);

    [Fact]
    public void Every_problem_is_reported_at_once()
    {
        QueryDefinition definition = QueryDefinition.FromJson("""
            {"where": {"and": [
                {"field": "Town", "op": "eq", "value": "x"},
                {"field": "Active", "op": "eq", "value": 1},
                {"field": "Id", "op": "eq", "value": 1.5},
                {"field": "Id", "op": "startsWith", "value": "1"},
                {"field": "Key", "op": "eq", "value": "not a guid"},
                {"or": [{"field": "Score", "op": "between", "value": [1]}, {"field": "Since", "op": "lt", "value": null}]},
                {"field": "Name", "op": "in", "value": ["a", 5]},
                {"field": "Grade", "op": "eq", "value": "Medium"},
                {"field": "Home", "op": "eq", "value": "x"},
                {"field": "Home.Zip", "op": "eq", "value": "x"}]},
             "sort": ["Nmae", "Home"]}
            """);
        Assert.Equal(
            ["where.and[0].field", "where.and[1].value", "where.and[2].value", "where.and[3].op", "where.and[4].value", "where.and[5].or[0].value", "where.and[5].or[1].value",
             "where.and[6].value[1]", "where.and[7].value", "where.and[8].field", "where.and[9].field", "sort[0].field", "sort[1].field"],
            definition.Validate(s_schema).Select(p => p.Path));
        Assert.Contains("Name", definition.Validate(s_schema)[11].Message);
    }

    [Fact]
    public void Values_are_parameters_and_shapes_give_one_text()
    {
        QueryDefinitionCompiler one = Compile("""{"where": {"and": [{"field": "CITY", "op": "eq", "value": "O'; DROP"}, {"field": "grade", "op": "ge", "value": "High"}]}, "take": 3}""");
        QueryDefinitionCompiler two = Compile("""{"where": {"and": [{"field": "City", "op": "eq", "value": "x"}, {"field": "Grade", "op": "ge", "value": 0}]}, "take": 7}""");
        Assert.Equal(one.Tail, two.Tail);
        Assert.DoesNotContain("DROP", one.Tail);
        Assert.Equal(3, one.Values.Length);
        Assert.Equal(5, one.Values[1].As<int>());
    }

    [Fact]
    public void Members_of_a_json_object_are_reached_by_path()
    {
        QueryDefinitionCompiler query = Compile("""{"where": {"field": "home.number", "op": "gt", "value": 3}, "sort": ["Home.Street"]}""");
        Assert.Empty(query.Problems);
        Assert.Contains("CAST((\"home\" ->> 'Number') AS integer)", query.Tail);
        Assert.Contains("ORDER BY (\"home\" ->> 'Street')", query.Tail);
    }

    [Fact]
    public void Groups_nested_too_deep_are_refused()
    {
        QueryNode node = QueryNode.Field("Id", QueryOperator.Equal, 1);
        for (int i = 0; i < 100; i++)
            node = QueryNode.And(node);
        Assert.NotEmpty(new QueryDefinition { Where = node }.Validate(s_schema));
        Assert.Throws<QueryDefinitionException>(() => QueryDefinition.FromJson(new QueryDefinition { Where = node }.ToJson()));
    }

    private static QueryDefinitionCompiler Compile(string json) => QueryDefinitionCompiler.Compile(s_schema, QueryDefinition.FromJson(json));
}
