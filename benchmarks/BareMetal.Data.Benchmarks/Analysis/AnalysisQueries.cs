namespace BareMetal.Data.Benchmarks.Analysis;

/// <summary>The queries: text that both databases take as it is, dates as parameters of nothing but ISO literals.</summary>
internal static class AnalysisQueries
{
    /// <summary>A query, and what it is an example of.</summary>
    public sealed record Query(string Name, string Kind, string Text);

    /// <summary>All of them.</summary>
    public static readonly Query[] All =
    [
        new("q01", "filter, eight aggregates, few groups", """
            SELECT returned, mode, sum(quantity), sum(price), sum(price * (1 - discount)), sum(price * (1 - discount) * (1 + tax)), avg(quantity), avg(price), count(*)
            FROM lines WHERE shipped <= '2025-09-01' GROUP BY returned, mode ORDER BY returned, mode
            """),
        new("q02", "filter, one aggregate", """
            SELECT sum(price * discount) FROM lines WHERE shipped >= '2022-01-01' AND shipped < '2023-01-01' AND discount BETWEEN 0.03 AND 0.05 AND quantity < 24
            """),
        new("q03", "three-way join, top-N", """
            SELECT l.order_id, sum(l.price * (1 - l.discount)) AS revenue, o.placed
            FROM customers c JOIN orders o ON o.customer_id = c.id JOIN lines l ON l.order_id = o.id
            WHERE c.segment = 'BUILDING' AND o.placed < '2022-03-15' AND l.shipped > '2022-03-15'
            GROUP BY l.order_id, o.placed ORDER BY revenue DESC, o.placed, l.order_id LIMIT 10
            """),
        new("q04", "EXISTS", """
            SELECT o.priority, count(*) FROM orders o WHERE o.placed >= '2022-07-01' AND o.placed < '2022-10-01'
            AND EXISTS (SELECT * FROM lines l WHERE l.order_id = o.id AND l.promised < l.received) GROUP BY o.priority ORDER BY o.priority
            """),
        new("q05", "five-way join, group", """
            SELECT n.name, sum(l.price * (1 - l.discount)) AS revenue
            FROM customers c JOIN orders o ON o.customer_id = c.id JOIN lines l ON l.order_id = o.id JOIN suppliers s ON s.id = l.supplier_id AND s.nation_id = c.nation_id
            JOIN nations n ON n.id = s.nation_id
            WHERE n.region = 'ASIA' AND o.placed >= '2022-01-01' AND o.placed < '2023-01-01' GROUP BY n.name ORDER BY revenue DESC
            """),
        new("q06", "six-way join, LIKE, group by expression", """
            SELECT n.name, o.status, sum(l.price * (1 - l.discount) - l.quantity) AS profit
            FROM parts p JOIN lines l ON l.part_id = p.id JOIN suppliers s ON s.id = l.supplier_id JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id
            JOIN nations n ON n.id = s.nation_id
            WHERE p.name LIKE '%green%' AND c.balance > 0 GROUP BY n.name, o.status ORDER BY n.name, o.status
            """),
        new("q07", "four-way join, top-N", """
            SELECT c.id, c.name, sum(l.price * (1 - l.discount)) AS revenue, n.name
            FROM customers c JOIN orders o ON o.customer_id = c.id JOIN lines l ON l.order_id = o.id JOIN nations n ON n.id = c.nation_id
            WHERE o.placed >= '2022-10-01' AND o.placed < '2023-01-01' AND l.returned = 'R'
            GROUP BY c.id, c.name, n.name ORDER BY revenue DESC, c.id LIMIT 20
            """),
        new("q08", "left join, NOT LIKE, two levels of groups", """
            SELECT c_count, count(*) AS custdist FROM (SELECT c.id, count(o.id) AS c_count FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.comment NOT LIKE '%special%requests%' GROUP BY c.id) AS counts
            GROUP BY c_count ORDER BY custdist DESC, c_count DESC
            """),
        new("q09", "LIKE and CASE over a join", """
            SELECT 100.0 * sum(CASE WHEN p.type LIKE 'PROMO%' THEN l.price * (1 - l.discount) ELSE 0 END) / sum(l.price * (1 - l.discount))
            FROM lines l JOIN parts p ON p.id = l.part_id WHERE l.shipped >= '2022-09-01' AND l.shipped < '2022-10-01'
            """),
        new("q10", "NOT IN, COUNT DISTINCT", """
            SELECT p.brand, p.type, p.size, count(DISTINCT l.supplier_id) AS suppliers
            FROM lines l JOIN parts p ON p.id = l.part_id
            WHERE p.brand <> 'Brand#45' AND p.type NOT LIKE 'MEDIUM POLISHED%' AND p.size IN (49, 14, 23, 45, 19, 3, 36, 9)
            AND l.supplier_id NOT IN (SELECT s.id FROM suppliers s WHERE s.complaint LIKE '%Customer%Complaints%')
            GROUP BY p.brand, p.type, p.size ORDER BY suppliers DESC, p.brand, p.type, p.size LIMIT 100
            """),
        new("q11", "IN over groups with HAVING, top-N", """
            SELECT c.name, o.id, o.placed, o.total, sum(l.quantity) FROM customers c JOIN orders o ON o.customer_id = c.id JOIN lines l ON l.order_id = o.id
            WHERE o.id IN (SELECT order_id FROM lines GROUP BY order_id HAVING sum(quantity) > 96)
            GROUP BY c.name, o.id, o.placed, o.total ORDER BY o.total DESC, o.placed, o.id LIMIT 100
            """),
        new("q12", "top-N of a whole table", """
            SELECT id, customer_id, total, placed FROM orders ORDER BY total DESC, id LIMIT 100
            """),
        new("q13", "windows: running sum, rank", """
            SELECT max(running), max(place), count(*) FROM (SELECT sum(quantity) OVER (PARTITION BY supplier_id ORDER BY shipped, order_id, line_no) AS running,
            rank() OVER (PARTITION BY supplier_id ORDER BY price DESC) AS place FROM lines WHERE shipped >= '2024-01-01' AND shipped < '2025-01-01') AS w
            """),
        new("q14", "top-N per group", """
            SELECT nation_id, id, balance FROM (SELECT nation_id, id, balance, row_number() OVER (PARTITION BY nation_id ORDER BY balance DESC, id) AS n FROM customers) AS ranked WHERE n <= 3 ORDER BY nation_id, n
            """),
        new("q15", "recursive CTE", """
            WITH RECURSIVE tree (id, depth) AS (SELECT id, 0 FROM customers WHERE id = 1 UNION ALL SELECT c.id, t.depth + 1 FROM tree t JOIN customers c ON c.referred_by = t.id)
            SELECT depth, count(*) FROM tree GROUP BY depth ORDER BY depth
            """),
        new("q16", "NOT EXISTS, scalar subquery", """
            SELECT c.nation_id, count(*), sum(c.balance) FROM customers c
            WHERE c.balance > (SELECT avg(balance) FROM customers WHERE balance > 0) AND NOT EXISTS (SELECT * FROM orders o WHERE o.customer_id = c.id AND o.placed >= '2024-06-01')
            GROUP BY c.nation_id ORDER BY c.nation_id
            """),
    ];

    /// <summary>A scan of the whole of a table of a million rows.</summary>
    public static readonly Query FullScan = new("scan", "full scan, count, sum, min and max", "SELECT count(*), sum(total), min(total), max(customer_id) FROM orders");
}
