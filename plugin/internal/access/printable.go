package access

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// printable is a report in which every name shows what is in it: a page shows a character
// that changes the direction of writing no more than a terminal does.
func (r Report) printable() Report {
	tenants, subjects, network := slices.Clone(r.Tenants), slices.Clone(r.Subjects), slices.Clone(r.Network)
	for i := range tenants {
		t := &tenants[i]
		t.Namespaces = each(t.Namespaces, printable.Text)
		printed(&t.Name, &t.ControlPlane)
	}
	for i := range subjects {
		s := &subjects[i]
		s.Cells = each(s.Cells, func(c Cell) Cell {
			c.By = each(c.By, func(b By) By {
				printed(&b.Binding, &b.Role, &b.At, &b.RoleAt)
				return b
			})
			printed(&c.Namespace)
			return c
		})
		printed(&s.Kind, &s.Namespace, &s.Name)
	}
	for i := range network {
		n := &network[i]
		printed(&n.From, &n.FromNamespace, &n.To, &n.ToNamespace, &n.Port, &n.By, &n.At)
	}
	return Report{tenants, subjects, network, each(r.Unread, printable.Text)}
}

func printed(texts ...*string) {
	for _, text := range texts {
		*text = printable.Text(*text)
	}
}

func each[T any](all []T, of func(T) T) []T {
	all = slices.Clone(all)
	for i, one := range all {
		all[i] = of(one)
	}
	return all
}
