package module

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Path is Istio's Go module.
const Path = "istio.io/istio"

// Version is a version of the module.
type Version struct {
	// Version is what go.mod says: a pseudo-version.
	Version string
	// Dir holds the module's files; empty before it is downloaded.
	Dir string
	// Note says how the version was found, if it is not what was asked for to
	// the letter.
	Note string `json:"-"`
}

// Minor is the minor version of Istio that the files are of, such as 1.31;
// empty, where they do not say it.
func (v Version) Minor() string {
	text, err := os.ReadFile(filepath.Join(v.Dir, "VERSION"))
	if err != nil || v.Dir == "" {
		return ""
	}
	return strings.TrimSpace(string(text))
}

var release = regexp.MustCompile(`^v?(\d+\.\d+)(\.\d+)?(-[\w.]+)?$`)

// Find downloads what query names: a pseudo-version, a release's number, a
// branch, a commit, or latest. Where the proxy does not know a release's
// number, its newest version is taken if that is of the same minor version, and
// Note says so. The error says what was asked, and what the proxy answered.
func Find(ctx context.Context, query string) (Version, error) {
	found, err := download(ctx, query)
	if err == nil {
		return found, nil
	}
	number := release.FindStringSubmatch(query)
	if number == nil || strings.HasPrefix(query, "v0.0.0-") {
		return Version{}, err
	}
	// Istio's tags have no v.
	if plain := strings.TrimPrefix(query, "v"); plain != query {
		if found, err := download(ctx, plain); err == nil {
			return found, nil
		}
	}
	latest, latestErr := download(ctx, "latest")
	if latestErr != nil {
		return Version{}, errors.Join(err, latestErr)
	}
	if of := latest.Minor(); of != number[1] {
		return Version{}, fmt.Errorf("%w. The newest version that the proxy knows, %s, is of Istio %q. "+
			"Name another version as v0.0.0-TIME-COMMIT, with the time of the commit in UTC, such as 20060102150405, and its first 12 characters",
			err, latest.Version, of)
	}
	latest.Note = fmt.Sprintf("the proxy does not know %s. Its newest version, %s, has the same minor version, and is used instead", query, latest.Version)
	return latest, nil
}

// download works in a module of its own, so that nobody's go.sum changes.
func download(ctx context.Context, query string) (Version, error) {
	dir, err := os.MkdirTemp("", "istio-module-")
	if err != nil {
		return Version{}, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module find\n"), 0o600); err != nil {
		return Version{}, err
	}
	out, err := goCommand(ctx, dir, "mod", "download", "-json", Path+"@"+query)
	var found struct {
		Version
		Error string
	}
	if decodeErr := json.Unmarshal(out, &found); decodeErr != nil {
		return Version{}, errors.Join(err, fmt.Errorf("go mod download %s@%s: %w", Path, query, decodeErr))
	}
	if found.Error != "" {
		return Version{}, errors.New(strings.Join(strings.Fields(found.Error), " "))
	}
	return found.Version, err
}

// goCommand runs go in dir. The error has what go said.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	// A workspace of whoever runs this is about other modules.
	command.Env = append(os.Environ(), "GOWORK=off", "PWD="+dir)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		return out, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return out, nil
}
