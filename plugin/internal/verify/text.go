package verify

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// Text writes a report for people: what is wrong first, and then a line a tenant.
func (r *Report) Text(w io.Writer) error {
	var b bytes.Buffer
	wrong := map[string]int{}
	for _, f := range r.Findings {
		if f.Severity == check.Error {
			wrong[f.Tenant]++
		}
		b.WriteString(f.Severity.String() + ": ")
		if f.Tenant != "" {
			b.WriteString(f.Tenant + ": ")
		}
		if f.Object != (object.ID{}) {
			b.WriteString(f.Object.String() + ": ")
		}
		fmt.Fprintf(&b, "%s [%s]\n", printable.Text(f.Message), f.Part)
	}
	if r.Judged != nil {
		for _, f := range r.Judged.Findings {
			if f.Severity == check.Error {
				for _, tenant := range f.Tenants {
					wrong[tenant]++
				}
			}
		}
		var judged bytes.Buffer
		if err := r.Judged.Print(&judged, check.Text, check.Error); err != nil {
			return err
		}
		b.Write(bytes.TrimSuffix(judged.Bytes(), []byte(r.Judged.String()+"\n"))) // which counts the rules' alone
		for _, line := range r.Judged.Errors {
			fmt.Fprintf(&b, "could not be checked: %s [%s]\n", printable.Text(line), Rules)
		}
	}
	if r.Judged == nil {
		fmt.Fprintf(&b, "the cluster's own roles, policies and webhooks are not checked, because not all of them could be read [%s]\n", Rules)
	}
	for _, u := range r.Unasked {
		times := ""
		if u.Count > 1 {
			times = fmt.Sprintf(", %d times", u.Count)
		}
		fmt.Fprintf(&b, "could not be asked%s: %s: %s [%s]\n", times, u.What, printable.Text(u.Why), u.Part)
	}
	fmt.Fprintln(&b, r.summary())
	fmt.Fprintln(&b, r.Enforced)
	for _, t := range r.Common {
		fmt.Fprintf(&b, "%s: %s\n", t.Name, t.line(wrong[t.Name]))
	}
	for _, t := range r.Tenants {
		fmt.Fprintf(&b, "%s: %s\n", t.Name, t.line(wrong[t.Name]))
	}
	_, err := b.WriteTo(w)
	return err
}

// summary counts all that was found, whichever part has found it.
func (r *Report) summary() string {
	objects, accepted := 0, 0
	for _, t := range slices.Concat(r.Tenants, r.Common) {
		objects += t.Objects
	}
	if r.Judged != nil {
		objects, accepted = r.Judged.Objects, len(r.Judged.Accepted)
	}
	var parts []string
	for _, s := range []check.Severity{check.Error, check.Warning, check.Note} {
		if n := r.Count(s) - r.Count(s+1); n > 0 {
			parts = append(parts, count(n, s.String()))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "no findings")
	}
	if accepted > 0 {
		parts = append(parts, fmt.Sprintf("%d accepted", accepted))
	}
	if n := r.Errors(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be asked", n))
	}
	return fmt.Sprintf("%s, %s: %s", count(len(r.Tenants), "tenant"), count(objects, "object"), strings.Join(parts, ", "))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// line is all that was asked about a tenant.
func (t Tenant) line(wrong int) string {
	var parts []string
	if t.Questions > 0 {
		parts = append(parts, fmt.Sprintf("%d questions answered", t.Questions))
	}
	if t.Objects > 0 {
		parts = append(parts, fmt.Sprintf("%d objects compared", t.Objects))
	}
	for _, p := range t.Planes {
		parts = append(parts, p+" ready")
	}
	if !t.Until.IsZero() {
		parts = append(parts, "certificates until "+t.Until.Format(time.DateOnly))
	}
	switch {
	case wrong == 1:
		parts = append(parts, "1 error")
	case wrong > 1:
		parts = append(parts, fmt.Sprintf("%d errors", wrong))
	case len(parts) == 0:
		parts = append(parts, "nothing could be asked")
	default:
		parts = append(parts, "no errors")
	}
	return strings.Join(parts, ", ")
}
