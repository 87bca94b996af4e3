package scope

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// problem is a field for which an object would mean something else in another
// namespace, and what is right instead.
type problem struct{ path, what, right string }

// problems are those of an object of a row.
func (u unseen) problems(o *yaml.RNode, row istio.RootKind) []problem {
	here := "namespace: " + u.to
	if row.Bound != "" {
		return []problem{{"metadata.namespace", row.Bound, here}}
	}
	var found []problem
	for _, field := range row.Own {
		values := valuesAt(o, field.Path)
		if field.Names == istio.Selected && len(values) == 0 { // selects all
			values = []value{{path: strings.Join(field.Path, "."), node: yaml.NewMapRNode(nil)}}
		}
		for _, v := range values {
			if what, right := u.counts(v, field); what != "" {
				found = append(found, problem{v.path, what, here + right})
			}
		}
	}
	for _, r := range row.References {
		for _, v := range valuesAt(o, r.Path) {
			if namespace, name := u.target(o, r, v); namespace == u.own && !u.comes(r.Kind, name) {
				found = append(found, problem{v.path, fmt.Sprintf("found %q, a %s of the control plane's namespace that is not among the objects",
					v.node.YNode().Value, r.Kind), here + ", or the namespace of one that is there"})
			}
		}
	}
	found = append(found, u.exports(o, row, here)...)
	return append(found, u.among(o, row, here)...)
}

// counts says why a value counts from the namespace of its object, and what else
// may be written; "" if it does not.
func (u unseen) counts(v value, field istio.OwnField) (what, right string) {
	if field.Where[0] != "" && object.String(v.holder, field.Where[0]) != field.Where[1] {
		return "", ""
	}
	text := v.node.YNode().Value
	switch field.Names {
	case istio.Short:
		if text == "" || text == "*" || strings.Contains(text, ".") || net.ParseIP(text) != nil {
			return "", ""
		}
		return fmt.Sprintf("found %q, which is short for %s", text, qualifiedHost(text, u.own)),
			", or the whole name, such as " + qualifiedHost(text, u.to)
	case istio.Bare:
		if strings.Contains(text, "/") {
			return "", ""
		}
		return fmt.Sprintf("found %q, which %s", text, field.Why), fmt.Sprintf(", or %s/%s", u.to, text)
	case istio.Prefixed:
		namespace, host, slash := strings.Cut(text, "/")
		if !slash || namespace == "*" {
			return "", ""
		}
		return fmt.Sprintf("found %q, which %s", text, field.Why), ", or " + host + " without a namespace"
	case istio.Selected:
		moved, other := u.selected(v.node)
		switch {
		case other != nil:
			return fmt.Sprintf("%s, and selects %s of another namespace, too", field.Why, object.IDOf(other)), ""
		case !moved:
			return field.Why + ", and no gateway workload of this overlay that moves from there has these labels", ""
		}
		return "", ""
	case istio.Secret:
		if !u.has("Secret", text, u.own) || u.has("Secret", text, u.to) {
			return "", ""
		}
		return fmt.Sprintf("found %q, which %s", text, field.Why), " here and in the Secret"
	}
	if len(v.node.Content()) == 0 && text == "" {
		return "", "" // an empty selector is none
	}
	return field.Why, ""
}

func qualifiedHost(name, namespace string) string {
	return name + "." + namespace + ".svc.cluster.local"
}

// selected says whether labels select gateways that come from the control plane's
// namespace, and returns one that they select elsewhere, if there is one.
func (u unseen) selected(selector *yaml.RNode) (moved bool, other *yaml.RNode) {
	labels := object.StringMap(selector)
	for _, o := range u.objects {
		pods := gateway.PodLabels(o)
		if len(pods) == 0 || o.GetNamespace() == u.own && !u.gateways.Moves(o) {
			continue // no Pods, or such as are not in the mesh
		}
		selects := true
		for key, value := range labels {
			selects = selects && pods[key] == value
		}
		if selects && o.GetNamespace() != u.own {
			return moved, o
		}
		moved = moved || selects
	}
	return moved, nil
}

func (u unseen) has(kind, name, namespace string) bool {
	return slices.ContainsFunc(u.objects, func(o *yaml.RNode) bool {
		return o.GetKind() == kind && o.GetName() == name && u.namespaceOf(o) == namespace
	})
}

// namespaceOf is where an object is in the end: without a namespace, it is an
// application.
func (u unseen) namespaceOf(o *yaml.RNode) string {
	if namespace := o.GetNamespace(); namespace != "" || object.IsClusterScoped(o) {
		return namespace
	}
	return u.to
}

// exports says what is wrong with who sees an object: for the rest of the mesh,
// an object of the root namespace has to be seen by all.
func (u unseen) exports(o *yaml.RNode, row istio.RootKind, here string) []problem {
	if row.Export == "" {
		return nil
	}
	seen, by := object.Strings(o, "spec", "exportTo"), "spec.exportTo"
	if len(seen) == 0 && u.mesh != nil {
		seen, by = object.Strings(u.mesh, row.Export), "spec.exportTo is missing, and the mesh's "+row.Export
	}
	if len(seen) == 0 || slices.Contains(seen, "*") {
		return nil
	}
	return []problem{{"spec.exportTo", fmt.Sprintf("%s: found %s, which is relative to the object's namespace, or excludes others", by, strings.Join(seen, ", ")),
		here + `, or exportTo: ["*"]`}}
}

// among says which objects of the namespace that is watched make one that comes
// there mean something else.
func (u unseen) among(o *yaml.RNode, row istio.RootKind, here string) []problem {
	var found []problem
	for _, other := range u.objects {
		id := object.IDOf(other)
		of, known := istio.RootKindOf(id.Group, id.Kind)
		if !known {
			continue
		}
		if len(row.Ties) > 0 && of.Group == row.Group && slices.Equal(of.Kinds, row.Kinds) && u.namespaceOf(other) == u.to && u.ties(o, other, row.Ties) {
			found = append(found, problem{strings.Join(row.Ties[0].Path[:2], "."), fmt.Sprintf("is as in %s, and %s", id, row.Tied),
				here + " if that is meant, or change one of them"})
		}
		for _, n := range row.Narrowed {
			if id.Group != istio.NetworkingGroup || id.Kind != n.Kind {
				continue
			}
			for _, v := range valuesAt(other, n.Path) {
				if namespace, _, slash := strings.Cut(v.node.YNode().Value, "/"); slash && namespace != "*" && namespace != "~" {
					found = append(found, problem{"metadata.namespace", fmt.Sprintf("%s takes objects by their namespace (%s: found %q)",
						id, v.path, v.node.YNode().Value), here + " if that is meant"})
				}
			}
		}
	}
	return found
}

// ties says whether two objects are alike in all fields.
func (u unseen) ties(o, other *yaml.RNode, fields []istio.Tie) bool {
	for _, t := range fields {
		a, b := u.texts(o, t.Path), u.texts(other, t.Path)
		alike := slices.ContainsFunc(a, func(x string) bool {
			return slices.ContainsFunc(b, func(y string) bool {
				return x == y || t.Covers && strings.HasPrefix(y, "*") && strings.HasSuffix(x, y[1:])
			})
		})
		if !alike && len(a)+len(b) > 0 {
			return false
		}
	}
	return true
}

// texts are a field's values; a default is none, and a short host is made whole.
func (u unseen) texts(o *yaml.RNode, path []string) []string {
	var found []string
	for _, v := range valuesAt(o, path) {
		text := v.node.YNode().Value
		switch {
		case v.node.YNode().Kind != yaml.ScalarNode:
			if text = strings.TrimSpace(v.node.MustString()); text == "{}" || text == "[]" {
				continue
			}
		case text == "0":
			continue // the default of a priority
		case path[len(path)-1] == "host" && !strings.Contains(text, ".") && text != "*":
			text = qualifiedHost(text, u.namespaceOf(o))
		}
		found = append(found, text)
	}
	return found
}

// value is a node with its path, as a message writes it, and the map that holds
// it, or its list.
type value struct {
	path         string
	node, holder *yaml.RNode
}

// is says whether a value is no more than a name.
func (v value) is(r istio.Reference, name string) bool {
	return v.node.YNode().Value == name && (r.Beside == "" || object.String(v.holder, r.Beside) == "")
}

// valuesAt are those at a path in which "[]" is every element of a list.
func valuesAt(o *yaml.RNode, path []string) []value {
	found := []value{{node: o}}
	for _, field := range path {
		var next []value
		for _, v := range found {
			if field == "[]" {
				for i, e := range object.List(v.node) {
					next = append(next, value{object.Index(v.path, i), e, v.holder})
				}
				continue
			}
			if at := v.node.Field(field); at != nil && !at.IsNilOrEmpty() {
				next = append(next, value{strings.TrimPrefix(v.path+"."+field, "."), at.Value, v.node})
			}
		}
		found = next
	}
	return found
}
