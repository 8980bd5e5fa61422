#include "store/queries.h"

#include <iterator>

namespace trivet::store {
namespace {

// In the order of enum Sql. The tables are told in schema.cc. "live" is decided by the caller, from
// expires_at, except where whole tables are scanned.
constexpr SqlText kTexts[] = {
    {"begin to read", "BEGIN"},
    {"begin to write", "BEGIN IMMEDIATE"},
    {"commit", "COMMIT"},
    {"roll back", "ROLLBACK"},

    // ?1 name of the namespace, ?2 key. The columns of kFindRow, and the value.
    {"read a row",
     "SELECT r.id, r.namespace, r.version, r.expires_at, r.tags, r.value"
     " FROM trivet_namespaces AS n CROSS JOIN trivet_rows AS r"
     " ON r.namespace = n.id AND r.key = ?2 WHERE n.name = ?1"},
    // ?1 namespace, ?2 key.
    {"find a row",
     "SELECT id, namespace, version, expires_at, tags FROM trivet_rows"
     " WHERE namespace = ?1 AND key = ?2"},
    // ?1 id. The columns of kFindRow.
    {"find a row",
     "SELECT id, namespace, version, expires_at, tags FROM trivet_rows WHERE id = ?1"},
    // ?1 namespace, ?2 key, ?3 version, ?4 expires_at, ?5 tags, ?6 value.
    {"insert a row",
     "INSERT INTO trivet_rows (namespace, key, version, expires_at, tags, value)"
     " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
    // ?1 id, ?3 to ?6 as above.
    {"update a row",
     "UPDATE trivet_rows SET version = ?3, expires_at = ?4, tags = ?5, value = ?6 WHERE id = ?1"},
    // ?1 id, ?2 expires_at.
    {"touch a row", "UPDATE trivet_rows SET expires_at = ?2 WHERE id = ?1"},
    // ?1 id.
    {"delete a row", "DELETE FROM trivet_rows WHERE id = ?1"},

    // ?1 namespace, ?2 tag, ?3 id of the row.
    {"label a row", "INSERT INTO trivet_tags (namespace, tag, row) VALUES (?1, ?2, ?3)"},
    {"take a label from a row",
     "DELETE FROM trivet_tags WHERE namespace = ?1 AND tag = ?2 AND row = ?3"},
    // ?1 namespace, ?2 tag.
    {"find the rows of a tag", "SELECT row FROM trivet_tags WHERE namespace = ?1 AND tag = ?2"},

    // ?1 name.
    {"find a namespace", "SELECT id FROM trivet_namespaces WHERE name = ?1"},
    {"add a namespace", "INSERT INTO trivet_namespaces (name) VALUES (?1)"},
    {"list the namespaces", "SELECT name FROM trivet_namespaces ORDER BY name"},
    // ?1 id.
    {"clear a namespace", "DELETE FROM trivet_namespaces WHERE id = ?1"},
    {"clear all namespaces", "DELETE FROM trivet_namespaces"},
    // ?1 id.
    {"clear a namespace", "INSERT INTO trivet_cleared (namespace) VALUES (?1)"},
    {"clear all namespaces",
     "INSERT INTO trivet_cleared (namespace) SELECT id FROM trivet_namespaces"},

    {"sweep", "SELECT namespace FROM trivet_cleared LIMIT 1"},
    // ?1 namespace.
    {"sweep", "DELETE FROM trivet_cleared WHERE namespace = ?1"},
    // ?1 namespace, ?2 limit. The columns of kFindRow.
    {"sweep",
     "SELECT id, namespace, version, expires_at, tags FROM trivet_rows"
     " WHERE namespace = ?1 LIMIT ?2"},
    // ?1 now, ?2 limit. The columns of kFindRow.
    {"sweep",
     "SELECT id, namespace, version, expires_at, tags FROM trivet_rows"
     " WHERE expires_at <= ?1 LIMIT ?2"},

    // ?1 how many. The last one of them.
    {"take versions",
     "UPDATE trivet_versions SET newest = newest + ?1 WHERE id = 1 RETURNING newest"},

    // ?1 name.
    {"look at a fence", "SELECT max_token FROM trivet_fence WHERE name = ?1"},
    // ?1 name, ?2 token.
    {"raise a fence",
     "INSERT INTO trivet_fence (name, max_token) VALUES (?1, ?2)"
     " ON CONFLICT (name) DO UPDATE SET max_token = excluded.max_token"},

    // ?1 ticket, ?2 namespace, ?3 kind, ?4 name, ?5 version, ?6 now. Under another ticket, which
    // the caller does not know and so cannot remove, if that one is taken. Also run on connections
    // of programs (append_change.cc), which may have temporary tables of that name: hence "main".
    {"log a change",
     "INSERT INTO main.trivet_changes (ticket, namespace, kind, name, version, logged_at)"
     " VALUES (CASE WHEN EXISTS (SELECT 1 FROM main.trivet_changes WHERE ticket = ?1)"
     "  THEN 1 | (random() & 0x3fffffffffffffff) ELSE ?1 END, ?2, ?3, ?4, ?5, ?6)"},
    // ?1 limit.
    {"read the change log",
     "SELECT ticket, namespace, kind, name, version FROM trivet_changes ORDER BY id LIMIT ?1"},
    // ?1 ticket.
    {"trim the change log", "DELETE FROM trivet_changes WHERE ticket = ?1"},

    // ?1 now.
    {"count rows",
     "SELECT n.name, count(*), sum(length(r.value))"
     " FROM trivet_namespaces AS n CROSS JOIN trivet_rows AS r ON r.namespace = n.id"
     " WHERE r.expires_at IS NULL OR r.expires_at > ?1 GROUP BY n.name ORDER BY n.name"},
};
static_assert(std::size(kTexts) == kSqlCount);

}  // namespace

const SqlText& TextOf(Sql sql) { return kTexts[static_cast<size_t>(sql)]; }

}  // namespace trivet::store
