package render

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// overlay is a directory to render.
type overlay struct {
	name string // of the directory, and of that of the output
	arg  string // the directory as it was given, for messages
	dir  string // absolute, without links
	// within is the directory, without links, that all it builds on is to be in; "":
	// there is none.
	within string
	err    error // it cannot be rendered, since it is no overlay but looks like one
}

// called is the directory where a message has another one beside it: "." says little.
func (o overlay) called() string {
	if o.arg == "." {
		return filepath.Join("..", o.name)
	}
	return o.arg
}

// find returns the overlays that arguments name: a directory with a
// kustomization, or all such directories in a directory without one. Files,
// which a pattern such as overlays/* finds too, are passed over. outside are
// directories to which links may lead.
func find(args, outside []string) ([]overlay, error) {
	distinct, doubles, err := findAll(args, outside)
	errs := []error{err}
	for _, o := range doubles {
		i := slices.IndexFunc(distinct, func(first overlay) bool { return first.name == o.name })
		errs = append(errs, fmt.Errorf("%s: is called %s, as %s is: give each its own name", o.arg, o.name, distinct[i].dir))
	}
	return distinct, errors.Join(errs...)
}

// findAll returns beside them those that are called like one of them.
func findAll(args, outside []string) (distinct, doubles []overlay, err error) {
	var found []overlay
	var files []string
	var errs []error
	for _, arg := range args {
		if arg == "" {
			errs = append(errs, errors.New(`found "": must be an overlay, or a directory of overlays`))
			continue
		}
		info, err := os.Stat(arg)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w: must be an overlay, which is a directory with a kustomization, or a directory of overlays", arg, cause(err)))
			continue
		case !info.IsDir():
			files = append(files, arg)
			continue
		case hasKustomization(arg):
			found = append(found, overlay{arg: filepath.Clean(arg)})
			continue
		}
		children, err := within(arg)
		looks := looksLikeOverlay(arg)
		switch {
		case err != nil:
			errs = append(errs, err)
		case looks != nil && !slices.ContainsFunc(children, func(o overlay) bool { return o.err == nil }):
			children = []overlay{{arg: filepath.Clean(arg), err: looks}}
		case len(children) == 0:
			errs = append(errs, fmt.Errorf("%s: holds no %s: must be an overlay, or a directory of overlays",
				arg, konfig.DefaultKustomizationFileName()))
		}
		found = append(found, children...)
	}
	seen := map[string]string{}
	parents, repositories := links{}, links{}
	for _, o := range found {
		abs, err := filepath.Abs(o.arg)
		if err == nil {
			o.name, o.dir = filepath.Base(abs), abs
			if o.err == nil {
				o.dir, err = parents.resolve(abs)
			}
			o.within = repositories.around(o.arg, abs)
			if o.err == nil && err == nil && o.within != "" && !isWithin(o.within, o.dir) && !allowed(o.dir, outside) {
				o.err = fmt.Errorf("leads to %s, outside of %s, and nothing is read there that is not allowed: keep a copy in it, or allow it with --allow-outside %s",
					o.dir, o.within, o.dir)
			}
		}
		switch first, twice := seen[o.name]; {
		case err != nil:
			errs = append(errs, err)
		case !twice:
			seen[o.name] = o.dir
			distinct = append(distinct, o)
		case first != o.dir:
			doubles = append(doubles, o)
		}
	}
	if len(distinct) == 0 && len(errs) == 0 {
		for _, file := range files {
			errs = append(errs, fmt.Errorf("%s: is a file: must be a directory that holds a %s, such as %s",
				file, konfig.DefaultKustomizationFileName(), filepath.Dir(file)))
		}
		if len(files) == 0 {
			errs = append(errs, errors.New("there is no overlay: name directories that hold a "+konfig.DefaultKustomizationFileName()))
		}
	}
	slices.SortFunc(distinct, func(a, b overlay) int { return cmp.Compare(a.name, b.name) })
	return distinct, doubles, errors.Join(errs...)
}

// within returns the overlays in a directory, and what looks like one there.
func within(dir string) ([]overlay, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	children := make([]overlay, len(entries))
	workers.OnAllCores(len(entries), func(i int) {
		path := filepath.Join(dir, entries[i].Name())
		if strings.HasPrefix(entries[i].Name(), ".") {
			return
		}
		if hasKustomization(path) {
			children[i].arg = path
		} else if err := looksLikeOverlay(path); err != nil {
			children[i].arg, children[i].err = path, err
		}
	})
	return slices.DeleteFunc(children, func(o overlay) bool { return o.arg == "" }), nil
}

// links are directories, by the paths that lead there.
type links map[string]string

// resolve follows links; those of a parent, which thousands share, once.
func (l links) resolve(abs string) (string, error) {
	info, err := os.Lstat(abs)
	if err != nil || info.Mode()&os.ModeSymlink != 0 {
		return filepath.EvalSymlinks(abs)
	}
	parent, known := l[filepath.Dir(abs)]
	if !known {
		if parent, err = filepath.EvalSymlinks(filepath.Dir(abs)); err != nil {
			return "", err
		}
		l[filepath.Dir(abs)] = parent
	}
	return filepath.Join(parent, filepath.Base(abs)), nil
}

// around is the repository that an overlay, as it was given, lies in: that of the
// working directory, or that itself, if the overlay is below it; "": there is none.
func (l links) around(arg, abs string) string {
	dir, isBelow := filepath.Dir(abs), filepath.IsLocal(arg)
	if isBelow {
		dir = strings.TrimSuffix(abs, string(filepath.Separator)+filepath.Clean(arg)) // before any link of the repository's
	}
	found, known := l[dir]
	if !known {
		found, known = gitRepository(resolve(dir))
		if !known && isBelow {
			found = resolve(dir)
		}
		l[dir] = found
	}
	return found
}

// Repository is the directory, without links, that all that an overlay builds on is to be in,
// unless Options.Allow has more; "": there is none.
func Repository(overlay string) (string, error) {
	abs, err := filepath.Abs(overlay)
	if err != nil {
		return "", err
	}
	return links{}.around(overlay, abs), nil
}

// allowed says whether a directory is in one of others.
func allowed(dir string, others []string) bool {
	return slices.ContainsFunc(others, func(other string) bool {
		abs, err := filepath.Abs(other)
		return err == nil && isWithin(resolve(abs), dir)
	})
}

func hasKustomization(dir string) bool { return kustomizationIn(dir) != "" }

// kustomizationIn is the name of a directory's kustomization, or "".
func kustomizationIn(dir string) string {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			return name
		}
	}
	return ""
}

// cause is what an error of package os says beside the path.
func cause(err error) error {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return link.Err
	}
	return err
}
