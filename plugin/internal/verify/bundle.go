package verify

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// lastLines is how much of a log a bundle has.
const lastLines = "1000"

// mustBeNew refuses a file that is there.
func mustBeNew(file string) error {
	_, err := os.Lstat(file)
	switch {
	case err == nil: // even a link to nothing
		return fmt.Errorf("verify: --bundle: %s exists already: must be a new file", file)
	case errors.Is(err, fs.ErrNotExist):
		_, err = os.Stat(filepath.Dir(file))
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("verify: --bundle: %w", err)
}

// pack is what a bundle has.
type pack struct {
	mu      sync.Mutex
	files   map[string][]byte
	without []string // what was left out, and could not be had
}

func (p *pack) add(name string, text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files[name] = text
}

func (p *pack) leave(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.without = append(p.without, printable.Text(fmt.Sprintf(format, args...)))
}

// bundle writes what a support case needs, as a whole or not at all.
func (v *verifier) bundle(ctx context.Context, o Options, reading *snapshot.Reading) error {
	p := &pack{files: map[string][]byte{}}
	p.leave("the data of Secrets: secrets.txt has their names and types")
	p.leave("texts of the cluster's objects, except texts that are as rendered, names, kinds, labels, images, rules, selectors and states: they are replaced by %s", leftOut)
	p.leave("the values of such texts in the report: it has the names of the fields")
	p.leave("what looks like a token, a key or a password in events and logs: they have everything else that programs have printed, except probes and hooks")
	p.leave("texts of ConfigMaps longer than 4 kB, except the configuration of the mesh: the report has differences in them")
	var text, report bytes.Buffer
	if err := errors.Join(v.report.bare().Text(&text), v.report.bare().Print(&report, structured.JSON)); err != nil {
		return err
	}
	p.add("report.txt", []byte(redactedText(text.String())))
	p.add("report.json", []byte(redactedText(report.String())))
	p.add("versions.txt", fmt.Appendf(nil, "istio-tenancy %s\nAPI server %s\ncontext %s\ntaken %s\n%s", o.Version, v.report.Server, v.report.Context,
		time.Now().UTC().Format(time.RFC3339), v.istios()))
	p.add("rendered.sha256", v.checksums())
	v.packObjects(p, reading)
	v.packEvents(ctx, p)
	v.packLogs(ctx, p)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	slices.Sort(p.without)
	p.add("LEFT-OUT.txt", []byte(strings.Join(slices.Compact(p.without), "\n")+"\n"))
	return write(o.Bundle, p.files)
}

func (v *verifier) istios() string {
	var b strings.Builder
	for _, p := range v.planned.Planes {
		fmt.Fprintf(&b, "%s: Istio %s, revision %q, as rendered\n", p.Object.ID, cmp.Or(p.Version, "of an unknown version"), p.Revision)
	}
	return b.String()
}

// checksums are those of the rendered objects, as JSON with sorted keys.
func (v *verifier) checksums() []byte {
	var lines []string
	for _, it := range v.rendered {
		sum := sha256.Sum256(marshal(it.object))
		lines = append(lines, printable.Text(fmt.Sprintf("%s  %s  %s", hex.EncodeToString(sum[:]), it.tenant, idOf(it.object)))+"\n")
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

func (v *verifier) packObjects(p *pack, reading *snapshot.Reading) {
	var secrets []string
	for _, o := range reading.Objects {
		tenant := cmp.Or(v.owners[o.ID.Namespace], o.Tenant(), v.owners[o.ID.Name])
		if tenant == "" {
			continue
		}
		if o.ID.Group == "" && o.ID.Kind == "Secret" {
			secrets = append(secrets, fmt.Sprintf("%s/%s  %s\n", o.ID.Namespace, o.ID.Name, snapshot.Text(o.Content, "type")))
			continue
		}
		content := o.Content
		if known, ok := v.present.Load(o.ID); ok { // with its status
			content = known.(map[string]any)
		}
		text, err := yaml.Marshal(v.packed(o.ID, content))
		if err != nil {
			p.leave("%s: %v", o.ID, err)
			continue
		}
		p.add(path.Join("cluster", tenant, cmp.Or(o.ID.Namespace, "_cluster"), safe(o.ID.Kind+"-"+o.ID.Group+"-"+o.ID.Name)+".yaml"), text)
	}
	slices.Sort(secrets)
	p.add("secrets.txt", []byte(strings.Join(secrets, "")))
}

func withoutManaged(o map[string]any) map[string]any {
	shallow := map[string]any{}
	for key, value := range o {
		shallow[key] = value
	}
	metadata := map[string]any{}
	if of, ok := o["metadata"].(map[string]any); ok {
		for key, value := range of {
			if key != "managedFields" {
				metadata[key] = value
			}
		}
	}
	shallow["metadata"] = metadata
	return shallow
}

func safe(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, printable.Text(name))
}

func (v *verifier) namespaces() []string {
	var all []string
	for ns := range v.owners {
		all = append(all, ns)
	}
	slices.Sort(all)
	return all
}

func (v *verifier) packEvents(ctx context.Context, p *pack) {
	all := v.namespaces()
	r := resource{version: "v1", name: "events", kind: "Event", namespaced: true}
	each(ctx, len(all), func(i int) {
		var events []any
		err := v.served.list(ctx, r, asJSON, all[i], nil, func(o map[string]any) { events = append(events, packedEvent(o)) })
		if err != nil {
			p.leave("events of %s: %v", all[i], err)
			return
		}
		if len(events) > 0 {
			text, _ := json.MarshalIndent(events, "", " ") // of what was JSON
			p.add("events/"+all[i]+".json", text)
		}
	})
}

// packLogs takes the Pods of the control planes, and the last lines of their logs.
func (v *verifier) packLogs(ctx context.Context, p *pack) {
	r := resource{version: "v1", name: "pods", kind: "Pod", namespaced: true}
	each(ctx, len(v.planned.Planes), func(i int) {
		id := v.planned.Planes[i].Object.ID
		err := v.served.list(ctx, r, asJSON, id.Namespace, nil, func(pod map[string]any) {
			name := snapshot.Text(pod, "metadata", "name")
			if !strings.HasPrefix(name, id.Name+"-") {
				return
			}
			if text, err := yaml.Marshal(v.packedPod(id, pod)); err == nil {
				p.add(path.Join("cluster", v.owners[id.Namespace], id.Namespace, safe("Pod--"+name)+".yaml"), text)
			}
			for _, field := range []string{"containers", "initContainers"} {
				for _, c := range snapshot.List(pod, "spec", field) {
					container := snapshot.Text(c, "name")
					text, err := v.client.raw(ctx, "*/*", r.path(id.Namespace, name)+"/log", map[string][]string{"container": {container}, "tailLines": {lastLines}, "limitBytes": {longestLog}})
					if err != nil {
						p.leave("the log of container %s of Pod %s/%s: %v", container, id.Namespace, name, err)
						continue
					}
					p.add(path.Join("logs", id.Namespace, name+"-"+container+".log"), []byte(outputText(string(text))))
				}
			}
		})
		if err != nil {
			p.leave("logs of %s: %v", id, err)
		}
	})
}

// write makes a new file, which only its owner reads.
func write(file string, files map[string][]byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("verify: --bundle: %w", err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // with 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // of which the bundle is a second name
	zipped := gzip.NewWriter(f)
	archive := tar.NewWriter(zipped)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	folder := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".gz"), ".tar")
	folder = strings.TrimSuffix(folder, ".tgz")
	for _, name := range names {
		header := &tar.Header{Name: path.Join(folder, name), Mode: 0o600, Size: int64(len(files[name])), ModTime: time.Now(), Format: tar.FormatPAX}
		if err = archive.WriteHeader(header); err == nil {
			_, err = archive.Write(files[name])
		}
		if err != nil {
			break
		}
	}
	if err = errors.Join(err, archive.Close(), zipped.Close(), f.Close()); err != nil {
		return err
	}
	if err = os.Link(f.Name(), file); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := mustBeNew(file); err != nil { // a file system without links
		return err
	}
	return os.Rename(f.Name(), file)
}
