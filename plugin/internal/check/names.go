package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func placeholder(e *estate, r *report) {
	base := func(word string) bool {
		_, is := v1alpha1.BaseRevision(word)
		return is
	}
	e.Mentions(base, func(o *snapshot.Object, word string, _ snapshot.Place) {
		at := fieldWith(o.Content, "", func(_, text string) bool { return hasWord(text, word) })
		r.add(o, word, []string{e.tenantOf(o)}, "%s: %s: still has %s, which a base has until a tenant is laid over it", o.ID, orText(at), word)
	})
}

func foreignName(e *estate, r *report) {
	e.Mentions(func(word string) bool { return len(e.owners[word]) > 0 }, func(o *snapshot.Object, word string, at snapshot.Place) {
		tenant := e.tenantOf(o)
		owner := e.owner(word)
		if tenant == "" || at == snapshot.Anywhere || e.isOf(tenant, word) || e.mayName(o, tenant, word) {
			return
		}
		field := fieldWith(o.Content, "", func(path, text string) bool { return namesNamespace(path, text, word) })
		if field == "" && (at&snapshot.Namespace == 0 || fieldWith(o.Content, "", func(_, text string) bool { return hasWord(text, word) }) != "") {
			return // a word that is called like the namespace, and means something else
		}
		r.add(o, word, []string{tenant, owner}, "%s of tenant %s: %s: names %s of tenant %s", o.ID, tenant, orText(field), word, owner)
	})
}

// mayName says whether an object may name a namespace of another tenant: one of the two asks
// for it, they are of one mesh, or another rule looks at what the object does with it. That
// a tenant lets others in gives it none of their names.
func (e *estate) mayName(o *snapshot.Object, tenant, namespace string) bool {
	switch o.ID.Kind {
	case "Namespace", "NetworkPolicy", "AuthorizationPolicy", "RoleBinding", "ClusterRoleBinding", mutating, validating:
		return true
	}
	owner := e.owner(namespace)
	takesNames := slices.Contains([]string{"VirtualService", "DestinationRule", "ServiceEntry", "Service"}, o.ID.Kind)
	return !takesNames && e.asks[[2]string{tenant, namespace}] != "" || e.asks[[2]string{owner, o.ID.Namespace}] != "" || e.hosts(tenant, owner) || e.hosts(owner, tenant)
}

func orText(field string) string {
	if field == "" {
		return "data"
	}
	return field
}

// namespaceFields are the last keys of fields that name namespaces.
func namespaceFields() []string {
	return []string{"namespace", "namespaces", "notNamespaces", "exportTo", "sourceNamespace", "namespaceName"}
}

// ruledFields begin the paths of fields that other rules are about.
func ruledFields() []string {
	return []string{"metadata.namespace", "spec.exportTo", "spec.gateways", "spec.parentRef"}
}

// namesNamespace says whether a text names a namespace, there or by how it is written.
func namesNamespace(path, text, word string) bool {
	if slices.ContainsFunc(ruledFields(), func(field string) bool { return strings.HasPrefix(path, field) }) {
		return false
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	last, _, _ = strings.Cut(last, "[")
	if text == word {
		return slices.Contains(namespaceFields(), last)
	}
	for rest, offset := text, 0; ; {
		at := strings.Index(rest, word)
		if at < 0 {
			return false
		}
		before, after := text[:offset+at], text[offset+at+len(word):]
		if isWhole(before, after) && (strings.HasPrefix(after, ".svc") || strings.HasSuffix(before, "ns/") ||
			strings.HasPrefix(after, "/") && isStart(before) || strings.HasSuffix(strings.ToLower(strings.TrimRight(before, ` :="'`)), "namespace") ||
			last == "host" && strings.Contains(before, ".") && after == "") {
			return true
		}
		offset += at + len(word)
		rest = text[offset:]
	}
}

// isStart says whether a word after a text begins something: a value, or an element of a list.
func isStart(before string) bool {
	return before == "" || strings.HasSuffix(before, ",") || strings.HasSuffix(before, " ") || strings.HasSuffix(before, `"`)
}

func hasWord(text, word string) bool {
	for offset := 0; ; {
		at := strings.Index(text[offset:], word)
		if at < 0 {
			return false
		}
		at += offset
		if isWhole(text[:at], text[at+len(word):]) {
			return true
		}
		offset = at + len(word)
	}
}

// isWhole says whether what stands between two texts is a word of its own.
func isWhole(before, after string) bool {
	return (before == "" || !isWordByte(before[len(before)-1])) && (after == "" || !isWordByte(after[0]))
}

func isWordByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '_'
}

// fieldWith is the path of the first key or value for which is is true; "": none.
func fieldWith(value any, path string, is func(path, text string) bool) string {
	switch value := value.(type) {
	case string:
		if is(path, value) {
			return path
		}
	case []any:
		for i, element := range value {
			if at := fieldWith(element, object.Index(path, i), is); at != "" {
				return at
			}
		}
	case map[string]any:
		for _, key := range sortedKeys(value) {
			at := strings.TrimPrefix(fmt.Sprintf("%s.%s", path, key), ".")
			if is(at, key) {
				return at
			}
			if at = fieldWith(value[key], at, is); at != "" {
				return at
			}
		}
	}
	return ""
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// doubleObject finds what a file has twice, and what two files have with other content. An
// overlay alone cannot: kustomize refuses it. What two tenants have is a shared object.
func doubleObject(e *estate, r *report) {
	for _, o := range e.Objects {
		last := e.Get(o.ID)
		of, other := e.tenantOf(o), e.tenantOf(last)
		same := o.IsSame(last)
		if last == o || of != "" && other != "" && of != other || same && last.Source.File != o.Source.File {
			continue
		}
		content := ""
		if !same {
			content = ", with other content"
		}
		f := r.add(o, "", []string{of, other}, "%s: %s has it again%s: that one is checked, and this one is not", o.ID, last.Source, content)
		decides := slices.Contains([]string{admission, "apiextensions.k8s.io"}, o.ID.Group) && isLive(o) == isLive(last) // what only one has, a cluster has filled in
		if same || o.ID.Group != rbac && !decides {
			f.Severity = Warning
		}
	}
}
