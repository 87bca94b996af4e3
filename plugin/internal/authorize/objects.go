package authorize

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// builtin is what an API server makes when it starts, without the rules that its
// ClusterRoles gather from others, and of which version that is. The end-to-end tests
// compare it with a real API server, and write it.
//
//go:embed builtin.json
var builtin []byte

// fields are those that count of an object of any of RBAC's four kinds.
type fields struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Namespace string            `json:"namespace"`
		Name      string            `json:"name"`
		Labels    map[string]string `json:"labels"`
		// UID is that of an object that was read from a cluster.
		UID string `json:"uid"`
	} `json:"metadata"`
	Rules           []rbacv1.PolicyRule     `json:"rules"`
	AggregationRule *rbacv1.AggregationRule `json:"aggregationRule"`
	RoleRef         rbacv1.RoleRef          `json:"roleRef"`
	Subjects        []rbacv1.Subject        `json:"subjects"`
}

// stored is an object of RBAC.
type stored struct {
	fields
	id     object.ID
	source snapshot.Source
	// edited: the ClusterRole gathers rules in every cluster, and this one is given without
	// that. Its own rules hold until an API server starts.
	edited bool
}

// objects are all that RBAC knows: first the snapshot's, then what every cluster has.
type objects struct {
	roles, bindings []*stored
	// builtin are those that are as every cluster has them, given or not.
	builtin map[object.ID]bool
}

// namespaced says of which kinds of RBAC the objects are in a namespace.
var namespaced = map[string]bool{"Role": true, "RoleBinding": true, "ClusterRole": false, "ClusterRoleBinding": false}

func read(s *snapshot.Snapshot) (all objects, err error) {
	all.builtin = map[object.ID]bool{}
	var failed []error
	for _, kind := range []string{"ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"} {
		for _, o := range s.Of(rbac.Group, kind) {
			if namespaced[kind] != (o.ID.Namespace != "") {
				failed = append(failed, fmt.Errorf("%s: metadata.namespace: found %q: a Role or RoleBinding is in a namespace, a ClusterRole or ClusterRoleBinding is in none", o, o.ID.Namespace))
				continue
			}
			from, err := snapshot.Decode[fields](o)
			if failed = append(failed, err); err == nil {
				all.add(&stored{fields: from, id: o.ID, source: o.Source})
			}
		}
	}
	var kept struct{ Objects []fields }
	if err := json.Unmarshal(builtin, &kept); err != nil {
		failed = append(failed, fmt.Errorf("builtin.json: %w", err))
	}
	for _, o := range kept.Objects {
		id := object.ID{Group: rbac.Group, Kind: o.Kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name}
		switch given := s.Get(id); {
		case given == nil:
			all.builtin[id] = true
			all.add(&stored{fields: o, id: id})
		default:
			if from, err := snapshot.Decode[fields](given); err == nil && from.isNoMoreThan(o) {
				all.builtin[id] = true
			}
			if given.Annotations()[rbacv1.AutoUpdateAnnotationKey] != "false" {
				all.complete(id, o)
			}
		}
	}
	return all, errors.Join(failed...)
}

// isNoMoreThan says whether an object gives nothing that the one that every cluster has
// under its name does not give.
func (f fields) isNoMoreThan(builtin fields) bool {
	covers, _ := validation.Covers(builtin.Rules, f.Rules)
	gathers := f.AggregationRule == nil || reflect.DeepEqual(f.AggregationRule, builtin.AggregationRule)
	return gathers && (covers || f.AggregationRule != nil) && // whose rules a controller writes
		f.RoleRef.Kind == builtin.RoleRef.Kind && f.RoleRef.Name == builtin.RoleRef.Name &&
		!slices.ContainsFunc(f.Subjects, func(s rbacv1.Subject) bool {
			return !slices.ContainsFunc(builtin.Subjects, func(b rbacv1.Subject) bool {
				return s.Kind == b.Kind && s.Namespace == b.Namespace && s.Name == b.Name
			})
		})
}

// complete adds to a role what an API server that starts adds: the rules that every cluster
// has, what the role gathers, and the labels by which others gather it.
func (all *objects) complete(id object.ID, builtin fields) {
	for _, role := range all.roles {
		if role.id != id {
			continue
		}
		if _, missing := validation.Covers(role.Rules, builtin.Rules); len(missing) > 0 {
			role.Rules = append(slices.Clone(role.Rules), missing...)
		}
		if role.AggregationRule == nil && builtin.AggregationRule != nil {
			role.AggregationRule, role.edited = builtin.AggregationRule, true
		}
		if labels := maps.Clone(builtin.Metadata.Labels); labels != nil {
			maps.Copy(labels, role.Metadata.Labels)
			role.Metadata.Labels = labels
		}
	}
}

func (all *objects) add(o *stored) {
	if o.id.Kind == "ClusterRole" || o.id.Kind == "Role" {
		all.roles = append(all.roles, o)
	} else {
		all.bindings = append(all.bindings, o)
	}
}
