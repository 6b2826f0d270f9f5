using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using Xunit;

namespace BareMetal.Data.Tests.Sql;

public sealed class StatementParsingTests
{
    private static string Parse(string text) => Sexp.Of(SqlParser.ParseStatement(text));

    private static T Parse<T>(string text) => Assert.IsType<T>(SqlParser.ParseStatement(text));

    [Theory]
    [InlineData("SELECT a, b AS c, d \"e\" FROM t", "(Query Query:(Query Body:(Select Items:[(SelectItem Expression:a) (SelectItem Expression:b Alias:c) (SelectItem Expression:d Alias:e)] From:[(NamedTable Name:t)])))")]
    [InlineData("SELECT * FROM s.t AS x (a, b)", "(Query Query:(Query Body:(Select Items:[(SelectItem Expression:(Star))] From:[(NamedTable Name:s.t Alias:(TableAlias Name:x Columns:[a b]))])))")]
    [InlineData("TABLE t", "(Query Query:(Query Body:(Select Items:[(SelectItem Expression:(Star))] From:[(NamedTable Name:t)])))")]
    [InlineData("VALUES (1), (2) ORDER BY 1 DESC NULLS LAST LIMIT 1 OFFSET 2", "(Query Query:(Query Body:(Values Rows:[[1] [2]]) OrderBy:[(SortItem Expression:1 Descending:true NullsFirst:false)] Limit:1 Offset:2))")]
    [InlineData("SELECT 1 FETCH FIRST ROW ONLY", "(Query Query:(Query Body:(Select Items:[(SelectItem Expression:1)]) Limit:1))")]
    [InlineData("SELECT 1 ORDER BY 1 OFFSET 3 ROWS FETCH NEXT 2 ROWS WITH TIES", "(Query Query:(Query Body:(Select Items:[(SelectItem Expression:1)]) OrderBy:[(SortItem Expression:1)] Limit:2 WithTies:true Offset:3))")]
    [InlineData("SELECT a FROM t FOR UPDATE OF t SKIP LOCKED", "(Query Query:(Query Body:(Select Items:[(SelectItem Expression:a)] From:[(NamedTable Name:t)]) Locking:[(Locking Strength:Update Of:[t] Wait:SkipLocked)]))")]
    [InlineData("SELECT DISTINCT ON (a) b", "(Query Query:(Query Body:(Select DistinctOn:[a] Items:[(SelectItem Expression:b)])))")]
    [InlineData("SELECT FROM t WHERE a GROUP BY (), a, (b, c), ROLLUP (d) HAVING e", "(Query Query:(Query Body:(Select From:[(NamedTable Name:t)] Where:a GroupBy:[(GroupingElement) (GroupingElement Expressions:[a]) (GroupingElement Expressions:[b c]) (GroupingElement Kind:Rollup Elements:[(GroupingElement Expressions:[d])])] Having:e)))")]
    public void Reads_queries(string text, string tree) => Assert.Equal(tree, Parse(text));

    [Theory]
    [InlineData("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", "(1 Union (2 Intersect 3))")]
    [InlineData("SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT 3", "((1 UnionAll 2) Except 3)")]
    [InlineData("(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3", "([(1 Union 2)] Intersect 3)")]
    [InlineData("SELECT 1 INTERSECT SELECT 2 UNION SELECT 3", "((1 Intersect 2) Union 3)")]
    [InlineData("SELECT 1 EXCEPT (SELECT 2 EXCEPT SELECT 3)", "(1 Except [(2 Except 3)])")]
    public void Set_operations_bind_as_in_the_standard(string text, string tree)
    {
        Assert.Equal(tree, Shape(Parse<QueryStatement>(text).Query.Body));

        static string Shape(QueryBody body) => body switch
        {
            SetOperationBody set => $"({Shape(set.Left)} {set.Operator}{(set.All ? "All" : "")} {Shape(set.Right)})",
            NestedBody nested => $"[{Shape(nested.Query.Body)}]",
            SelectBody select => Sexp.Of(select.Items[0].Expression),
            _ => "?",
        };
    }

    [Fact]
    public void Order_and_limit_behind_a_set_operation_bind_to_the_whole()
    {
        Query query = Parse<QueryStatement>("SELECT 1 UNION SELECT 2 ORDER BY 1 LIMIT 1").Query;
        Assert.IsType<SetOperationBody>(query.Body);
        Assert.Single(query.OrderBy);
        Assert.NotNull(query.Limit);

        Query inner = Parse<QueryStatement>("SELECT 1 UNION (SELECT 2 ORDER BY 1 LIMIT 1)").Query;
        Assert.Empty(inner.OrderBy);
        Assert.Null(inner.Limit);
        Assert.Single(Assert.IsType<NestedBody>(Assert.IsType<SetOperationBody>(inner.Body).Right).Query.OrderBy);
    }

    [Theory]
    [InlineData("a, b", "a, b")]
    [InlineData("a JOIN b ON x LEFT JOIN c USING (y, z)", "((a Inner b) Left c)")]
    [InlineData("a CROSS JOIN b NATURAL FULL OUTER JOIN c", "((a Cross b) Full c)")]
    [InlineData("a JOIN b JOIN c ON x ON y", "(a Inner (b Inner c))")]
    [InlineData("a LEFT JOIN b CROSS JOIN c ON x", "(a Left (b Cross c))")]
    [InlineData("a LEFT JOIN (b JOIN c ON x) ON y", "(a Left (b Inner c))")]
    [InlineData("((a JOIN b ON x))", "(a Inner b)")]
    [InlineData("(a JOIN b ON x) JOIN c ON y", "((a Inner b) Inner c)")]
    [InlineData("((SELECT 1) AS s JOIN b ON x)", "(q(s) Inner b)")]
    [InlineData("((SELECT 1) UNION (SELECT 2)) AS s", "q(s)")]
    [InlineData("((SELECT 1)) s, LATERAL (SELECT 2) u", "q(s), lateral q(u)")]
    [InlineData("unnest(x) WITH ORDINALITY AS u(v, o), ROWS FROM (f(1), g(2)) r", "unnest(u), f+g(r)")]
    [InlineData("s.f(1) AS r(a integer, b text[])", "f(r)")]
    [InlineData("(VALUES (1, 2)) AS v(a, b)", "q(v)")]
    public void Reads_from(string text, string shape)
    {
        var select = (SelectBody)Parse<QueryStatement>("SELECT * FROM " + text).Query.Body;
        Assert.Equal(shape, string.Join(", ", select.From.Select(Shape)));

        static string Shape(TableReference table) => table switch
        {
            NamedTableReference named => named.Name.ToString(),
            DerivedTableReference derived => $"{(derived.Lateral ? "lateral " : "")}q({derived.Alias?.Name})",
            FunctionTableReference function => $"{string.Join('+', function.Calls.Select(c => c.Name.Name))}({function.Alias?.Name})",
            JoinReference join => $"({Shape(join.Left)} {join.Kind} {Shape(join.Right)})",
            _ => "?",
        };
    }

    [Fact]
    public void Reads_with()
    {
        Assert.Equal(
            "(Query Query:(Query With:(With Recursive:true Expressions:["
            + "(CommonTable Name:a Columns:[x] Materialized:false Body:(Query Query:(Query Body:(Values Rows:[[1]])))) "
            + "(CommonTable Name:b Body:(Delete Table:t Returning:[(SelectItem Expression:(Star))]))]) "
            + "Body:(Select Items:[(SelectItem Expression:(Star))] From:[(NamedTable Name:a)])))",
            Parse("WITH RECURSIVE a (x) AS NOT MATERIALIZED (VALUES (1)), b AS (DELETE FROM t RETURNING *) SELECT * FROM a"));
        Assert.NotNull(Parse<InsertStatement>("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a").With);
        Assert.NotNull(Parse<UpdateStatement>("WITH a AS (SELECT 1) UPDATE t SET b = 1").With);
    }

    [Theory]
    [InlineData("INSERT INTO t DEFAULT VALUES", "(Insert Table:t)")]
    [InlineData("INSERT INTO t (a, \"b\") VALUES (1, DEFAULT), (2, $1) RETURNING a AS x", "(Insert Table:t Columns:[a b] Source:(Query Body:(Values Rows:[[1 (Default)] [2 $1]])) Returning:[(SelectItem Expression:a Alias:x)])")]
    [InlineData("INSERT INTO t AS u (SELECT 1)", "(Insert Table:t Alias:u Source:(Query Body:(Nested Query:(Query Body:(Select Items:[(SelectItem Expression:1)])))))")]
    [InlineData("INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1) ON CONFLICT DO NOTHING", "(Insert Table:t Columns:[a] Overriding:System Source:(Query Body:(Values Rows:[[1]])) OnConflict:(OnConflict))")]
    [InlineData("INSERT INTO t VALUES (1) ON CONFLICT (a, lower(b)) WHERE c DO UPDATE SET d = excluded.d WHERE t.e", "(Insert Table:t Source:(Query Body:(Values Rows:[[1]])) OnConflict:(OnConflict Target:[(ConflictTargetItem Expression:a) (ConflictTargetItem Expression:(Call Name:lower Arguments:[b]))] TargetWhere:c Update:[(Assignment Columns:[d] Value:excluded.d)] Where:t.e))")]
    [InlineData("INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT k DO NOTHING", "(Insert Table:t Source:(Query Body:(Values Rows:[[1]])) OnConflict:(OnConflict Constraint:k))")]
    [InlineData("UPDATE t u SET a = 1, (b, c) = (2, DEFAULT), (d, e) = (SELECT 1, 2) FROM v WHERE u.x = v.x RETURNING *", "(Update Table:t Alias:u Assignments:[(Assignment Columns:[a] Value:1) (Assignment Columns:[b c] Value:(Row Items:[2 (Default)]) IsRow:true) (Assignment Columns:[d e] Value:(Subquery Query:(Query Body:(Select Items:[(SelectItem Expression:1) (SelectItem Expression:2)]))) IsRow:true)] From:[(NamedTable Name:v)] Where:(Equal u.x v.x) Returning:[(SelectItem Expression:(Star))])")]
    [InlineData("DELETE FROM s.t AS u USING v, w WHERE a", "(Delete Table:s.t Alias:u Using:[(NamedTable Name:v) (NamedTable Name:w)] Where:a)")]
    [InlineData("TRUNCATE TABLE a, b RESTART IDENTITY CASCADE", "(Truncate Tables:[a b] RestartIdentity:true Cascade:true)")]
    [InlineData("EXPLAIN ANALYZE SELECT 1", "(Explain Statement:(Query Query:(Query Body:(Select Items:[(SelectItem Expression:1)]))) Analyze:true)")]
    [InlineData("EXPLAIN (ANALYZE false, FORMAT JSON) DELETE FROM t", "(Explain Statement:(Delete Table:t) Format:Json)")]
    [InlineData("ANALYZE t (a)", "(Analyze Table:t Columns:[a])")]
    [InlineData("VACUUM FULL t", "(Vacuum Tables:[t] Full:true)")]
    [InlineData("VACUUM (FULL, VERBOSE false, ANALYZE, PARALLEL 2) s.t (a, b), u", "(Vacuum Tables:[s.t u] Full:true Analyze:true)")]
    [InlineData("VACUUM ANALYZE", "(Vacuum Analyze:true)")]
    [InlineData("CHECK TABLE s.t REPAIR", "(Check Table:s.t Repair:true)")]
    [InlineData("CHECKPOINT", "(Checkpoint)")]
    [InlineData("REINDEX INDEX s.i", "(Reindex Kind:Index Name:s.i)")]
    public void Reads_modifications(string text, string tree) => Assert.Equal(tree, Parse(text));

    [Theory]
    [InlineData("CREATE SCHEMA IF NOT EXISTS s", "(CreateSchema Name:s IfNotExists:true)")]
    [InlineData("DROP TABLE IF EXISTS a, s.b CASCADE", "(Drop Kind:Table Names:[a s.b] IfExists:true Cascade:true)")]
    [InlineData("DROP SCHEMA s RESTRICT", "(Drop Names:[s])")]
    [InlineData("DROP INDEX s.i", "(Drop Kind:Index Names:[s.i])")]
    [InlineData("CREATE TABLE t ()", "(CreateTable Name:t WithData:true)")]
    [InlineData("CREATE TEMP TABLE t (a integer)", "(CreateTable Name:t Temporary:true Columns:[(ColumnDefinition Name:a Type:integer)] WithData:true)")]
    [InlineData("CREATE TABLE t (a text COLLATE \"c\" NOT NULL DEFAULT 'x' UNIQUE)", "(CreateTable Name:t Columns:[(ColumnDefinition Name:a Type:text Collation:c NotNull:true Default:'x' DefaultText:''x'' Constraints:[(KeyConstraint Columns:[a])])] WithData:true)")]
    [InlineData("CREATE TABLE t (a bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 10 INCREMENT BY -2) PRIMARY KEY)", "(CreateTable Name:t Columns:[(ColumnDefinition Name:a Type:bigint NotNull:true Identity:ByDefault IdentityOptions:(SequenceOptions Start:10 Increment:-2) Constraints:[(KeyConstraint IsPrimary:true Columns:[a])])] WithData:true)")]
    [InlineData("CREATE TABLE t (a integer GENERATED ALWAYS AS (b + 1) STORED, c integer GENERATED ALWAYS AS (b))", "(CreateTable Name:t Columns:[(ColumnDefinition Name:a Type:integer Generated:Stored GeneratedExpression:(Add b 1) GeneratedText:'b + 1') (ColumnDefinition Name:c Type:integer Generated:Virtual GeneratedExpression:b GeneratedText:'b')] WithData:true)")]
    [InlineData("CREATE TABLE t (a integer REFERENCES u (b) ON DELETE CASCADE ON UPDATE SET NULL)", "(CreateTable Name:t Columns:[(ColumnDefinition Name:a Type:integer Constraints:[(ForeignKeyConstraint Columns:[a] Table:u ReferencedColumns:[b] OnDelete:Cascade OnUpdate:SetNull)])] WithData:true)")]
    [InlineData("CREATE TABLE t (a integer, CONSTRAINT p PRIMARY KEY (a), CONSTRAINT c CHECK (a > 0), FOREIGN KEY (a) REFERENCES u)", "(CreateTable Name:t Columns:[(ColumnDefinition Name:a Type:integer)] Constraints:[(KeyConstraint IsPrimary:true Columns:[a] Name:p) (CheckConstraint Expression:(Greater a 0) Text:'a > 0' Name:c) (ForeignKeyConstraint Columns:[a] Table:u)] WithData:true)")]
    [InlineData("CREATE TABLE t (x, y) AS SELECT 1, 2 WITH NO DATA", "(CreateTable Name:t As:(Query Body:(Select Items:[(SelectItem Expression:1) (SelectItem Expression:2)])) AsColumns:[x y])")]
    [InlineData("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a DESC NULLS LAST, lower(b), (c + 1), d COLLATE x) INCLUDE (e) WHERE a > 1", "(CreateIndex Name:i Table:t Unique:true IfNotExists:true Items:[(IndexItem Expression:a Text:'a' Descending:true NullsFirst:false) (IndexItem Expression:(Call Name:lower Arguments:[b]) Text:'lower(b)') (IndexItem Expression:(Add c 1) Text:'(c + 1)') (IndexItem Expression:d Text:'d' Collation:x)] Include:[e] Where:(Greater a 1) WhereText:'a > 1')")]
    [InlineData("CREATE INDEX ON t USING btree (a)", "(CreateIndex Table:t Method:'btree' Items:[(IndexItem Expression:a Text:'a')])")]
    [InlineData("CREATE SEQUENCE s.q AS integer START 5 INCREMENT 2 MINVALUE 1 NO MAXVALUE CACHE 10 CYCLE", "(CreateSequence Name:s.q Options:(SequenceOptions Type:integer Start:5 Increment:2 MinValue:1 NoMaxValue:true Cache:10 Cycle:true))")]
    [InlineData("ALTER SEQUENCE q RESTART WITH 7", "(AlterSequence Name:q Options:(SequenceOptions Restart:true RestartWith:7))")]
    [InlineData("CREATE OR REPLACE VIEW v (a) AS SELECT 1 ;", "(CreateView Name:v OrReplace:true Columns:[a] Query:(Query Body:(Select Items:[(SelectItem Expression:1)])) Text:'SELECT 1')")]
    [InlineData("COMMENT ON COLUMN s.t.c IS 'x'", "(Comment Kind:Column Name:s.t Member:c Comment:'x')")]
    [InlineData("COMMENT ON TABLE t IS NULL", "(Comment Kind:Table Name:t)")]
    [InlineData("ALTER TABLE t RENAME TO u", "(Rename Kind:Table Name:t NewName:u)")]
    [InlineData("ALTER INDEX s.i RENAME TO j", "(Rename Kind:Index Name:s.i NewName:j)")]
    [InlineData("ALTER TABLE IF EXISTS t SET SCHEMA s", "(SetSchema Kind:Table Name:t NewSchema:s IfExists:true)")]
    public void Reads_definitions(string text, string tree) => Assert.Equal(tree, Parse(text));

    [Theory]
    [InlineData("ADD COLUMN IF NOT EXISTS a integer NOT NULL DEFAULT 0", "(AddColumn Column:(ColumnDefinition Name:a Type:integer NotNull:true Default:0 DefaultText:'0') IfNotExists:true)")]
    [InlineData("ADD a text, DROP b CASCADE", "(AddColumn Column:(ColumnDefinition Name:a Type:text)) (DropColumn Column:b Cascade:true)")]
    [InlineData("ALTER COLUMN a TYPE bigint USING a::bigint", "(AlterColumnType Column:a Type:bigint Using:(Cast Operand:a Type:bigint))")]
    [InlineData("ALTER a SET DATA TYPE text COLLATE c", "(AlterColumnType Column:a Type:text Collation:c)")]
    [InlineData("ALTER a SET DEFAULT ((1.5))", "(AlterColumnDefault Column:a Default:1.5M Text:'1.5')")]
    [InlineData("ALTER a SET DEFAULT (1) + (2)", "(AlterColumnDefault Column:a Default:(Add 1 2) Text:'(1) + (2)')")]
    [InlineData("ALTER a SET DEFAULT now(), ALTER a DROP DEFAULT", "(AlterColumnDefault Column:a Default:(Call Name:now) Text:'now()') (AlterColumnDefault Column:a)")]
    [InlineData("ALTER a SET NOT NULL, ALTER a DROP NOT NULL", "(AlterColumnNull Column:a NotNull:true) (AlterColumnNull Column:a)")]
    [InlineData("ALTER a ADD GENERATED ALWAYS AS IDENTITY (START 3)", "(AlterColumnIdentity Column:a Kind:Always Options:(SequenceOptions Start:3))")]
    [InlineData("ALTER a SET GENERATED BY DEFAULT SET INCREMENT 2 RESTART", "(AlterColumnIdentity Column:a Change:Set Kind:ByDefault Options:(SequenceOptions Increment:2 Restart:true))")]
    [InlineData("ALTER a DROP IDENTITY IF EXISTS", "(AlterColumnIdentity Column:a Change:Drop IfExists:true)")]
    [InlineData("ALTER a DROP EXPRESSION", "(AlterColumnExpression Column:a)")]
    [InlineData("RENAME COLUMN a TO b", "(RenameColumn Column:a NewName:b)")]
    [InlineData("RENAME CONSTRAINT a TO b", "(RenameConstraint Constraint:a NewName:b)")]
    [InlineData("ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a, b)", "(AddConstraint Constraint:(KeyConstraint Columns:[a b] NullsNotDistinct:true Name:k))")]
    [InlineData("ADD FOREIGN KEY (a) REFERENCES s.u (b) ON DELETE NO ACTION NOT VALID", "(AddConstraint Constraint:(ForeignKeyConstraint Columns:[a] Table:s.u ReferencedColumns:[b]) NotValid:true)")]
    [InlineData("DROP CONSTRAINT IF EXISTS k", "(DropConstraint Constraint:k IfExists:true)")]
    public void Reads_alter_table(string text, string actions) =>
        Assert.Equal(actions, string.Join(' ', Parse<AlterTableStatement>("ALTER TABLE t " + text).Actions.Select(Sexp.Of)));

    [Theory]
    [InlineData("BEGIN", "(Begin)")]
    [InlineData("START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", "(Begin Isolation:RepeatableRead ReadOnly:true)")]
    [InlineData("BEGIN WORK ISOLATION LEVEL SERIALIZABLE NOT DEFERRABLE", "(Begin Isolation:Serializable Deferrable:false)")]
    [InlineData("COMMIT AND CHAIN", "(Commit Chain:true)")]
    [InlineData("END", "(Commit)")]
    [InlineData("ROLLBACK", "(Rollback)")]
    [InlineData("ROLLBACK TO SAVEPOINT a", "(Rollback Savepoint:a)")]
    [InlineData("SAVEPOINT a", "(Savepoint Name:a)")]
    [InlineData("RELEASE a", "(ReleaseSavepoint Name:a)")]
    [InlineData("SET x.y TO a, 'b', -1", "(Set Name:'x.y' Values:['a' 'b' -1])")]
    [InlineData("SET LOCAL lock_timeout = 100", "(Set Scope:Local Name:'lock_timeout' Values:[100])")]
    [InlineData("SET TIME ZONE 'UTC'", "(Set Name:'time zone' Values:['UTC'])")]
    [InlineData("SET durability = DEFAULT", "(Set Name:'durability')")]
    [InlineData("RESET ALL", "(Set Name:'all')")]
    [InlineData("SET TRANSACTION ISOLATION LEVEL SNAPSHOT READ WRITE", "(SetTransaction Isolation:Snapshot ReadOnly:false)")]
    [InlineData("SHOW TRANSACTION ISOLATION LEVEL", "(Show Name:'transaction_isolation')")]
    public void Reads_session_statements(string text, string tree) =>
        Assert.Equal(tree, Parse(text));

    [Fact]
    public void Reads_blocks_with_positions_of_the_whole_text()
    {
        const string Text = """
            DO $EF$
            BEGIN
                IF NOT EXISTS(SELECT 1 FROM "h" WHERE "id" = 'x') THEN
                    CREATE TABLE t (a integer);
                    INSERT INTO t VALUES (1);
                ELSIF a THEN NULL;
                ELSE
                    RAISE EXCEPTION 'no %', 1 USING ERRCODE = 'P0001';
                END IF;
                PERFORM f(1);
            END $EF$;
            """;
        DoStatement block = Parse<DoStatement>(Text);
        Assert.Equal(2, block.Body.Length);
        IfStatement branch = Assert.IsType<IfStatement>(block.Body[0]);
        Assert.Equal(2, branch.Branches.Length);
        Assert.Equal("(Not (Exists Query:(Query Body:(Select Items:[(SelectItem Expression:1)] From:[(NamedTable Name:h)] Where:(Equal id 'x')))))", Sexp.Of(branch.Branches[0].Condition));
        Statement insert = branch.Branches[0].Body[1];
        Assert.IsType<InsertStatement>(insert);
        Assert.Equal(Text.IndexOf("INSERT", StringComparison.Ordinal), insert.Position.Offset);
        Assert.Equal(new SourcePosition(insert.Position.Offset, 5, 9), insert.Position);
        RaiseStatement raise = Assert.IsType<RaiseStatement>(Assert.Single(branch.Else));
        Assert.Equal(("exception", "no %", "P0001"), (raise.Level, raise.Message, raise.SqlState));
        Assert.IsType<PerformStatement>(block.Body[1]);
        Assert.Single(Parse<DoStatement>("DO 'BEGIN INSERT INTO t VALUES (''x''); END'").Body);
    }

    [Fact]
    public void Nodes_know_line_and_column()
    {
        var statement = Parse<QueryStatement>("SELECT a,\n  'x\ny' || /* c\n */ b\nFROM t");
        var select = (SelectBody)statement.Query.Body;
        Assert.Equal(new SourcePosition(7, 1, 8), select.Items[0].Position);
        Assert.Equal(new SourcePosition(12, 2, 3), select.Items[1].Position);
        var concat = (BinaryExpression)select.Items[1].Expression;
        Assert.Equal((3, 4), (concat.Position.Line, concat.Position.Column));
        Assert.Equal((4, 5), (concat.Right.Position.Line, concat.Right.Position.Column));
        Assert.Equal((5, 6), (select.From[0].Position.Line, select.From[0].Position.Column));
    }
}
