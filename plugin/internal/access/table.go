package access

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// Table prints a report for a terminal: a block for the whole cluster, and one for each
// tenant, with a line for all namespaces in which a subject may do the same.
func (r Report) Table(w io.Writer) error {
	var text strings.Builder
	r.block(&text, "the whole cluster", []string{""})
	for _, t := range r.Tenants {
		title := t.title()
		if t.ControlPlane != "" {
			title += ", control plane in " + t.ControlPlane
		}
		r.block(&text, printable.Text(title), t.Namespaces)
		for _, reach := range r.Network {
			if t.Name != "" && reach.To == t.Name {
				fmt.Fprintln(&text, fold("  network: "+printable.Text(reach.String()), "    "))
			}
		}
	}
	for _, policy := range r.Unread {
		fmt.Fprintf(&text, "\n%s\n", printable.Text(policy))
	}
	_, err := io.WriteString(w, strings.TrimPrefix(text.String(), "\n"))
	return err
}

// width is that of a terminal.
const width = 80

// fold breaks a line at spaces; what follows is indented.
func fold(line, indent string) string {
	var folded strings.Builder
	used := 0
	for i, word := range strings.Split(line, " ") {
		switch n := utf8.RuneCountInString(word); {
		case i > 0 && used+1+n > width:
			folded.WriteString("\n" + indent + word)
			used = len(indent) + n
		case i > 0:
			folded.WriteString(" " + word)
			used += 1 + n
		default:
			folded.WriteString(word)
			used = n
		}
	}
	return folded.String()
}

func (r Report) block(text *strings.Builder, title string, namespaces []string) {
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	rows := 0
	for _, s := range r.Subjects {
		where := map[string][]string{}
		var order []string
		for _, cell := range s.about(namespaces) {
			may := join(cell.May)
			if !slices.Contains(order, may) {
				order = append(order, may)
			}
			where[may] = append(where[may], cell.Namespace)
		}
		for _, may := range order {
			if rows++; rows == 1 {
				fmt.Fprintf(text, "\n%s\n", title)
				fmt.Fprintln(table, "  SUBJECT\tNAMESPACES\tMAY")
			}
			in := join(where[may])
			if in == "" {
				in = "all"
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", printable.Text(s.String()), printable.Text(in), may)
		}
	}
	table.Flush() // writes to memory
	if rows == 0 && title != "the whole cluster" {
		fmt.Fprintf(text, "\n%s\n  nobody may do anything in %s\n", title, printable.Text(join(namespaces)))
	}
}

// String is "monitoring may connect to ns-1, TCP 15020, by NetworkPolicy ns-1/x, spec.ingress[0]".
func (r Reach) String() string {
	from := r.FromNamespace
	switch {
	case r.Namespaces > 0:
		from = fmt.Sprintf("%d namespaces", r.Namespaces)
	case from == "":
		from = "every namespace"
	case r.From != "":
		from += " of tenant " + r.From
	}
	text := from + " may connect to " + r.ToNamespace
	if r.Port != "" {
		text += ", " + r.Port
	}
	if r.By == "" {
		return text + ": no policy limits incoming connections"
	}
	if text += ", by " + r.By; r.Port == "" {
		text += ", to Pods that no object creates yet"
	}
	return text
}
