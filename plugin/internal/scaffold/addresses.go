package scaffold

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// address is what a file may name without quotes, and a shell, too.
var address = regexp.MustCompile(`^(?:https|ssh|file)://[\w.~:/@+-]+$`)

// checkBases refuses what is no address of bases, or leads to another version tomorrow.
func (o Options) checkBases() error {
	if o.Bases == "" {
		return nil
	}
	where, query, _ := strings.Cut(o.Bases, "?")
	_, path, _ := strings.Cut(where, "://")
	values, err := url.ParseQuery(query)
	const such = "such as https://github.com/istio-tenancy/istio-tenancy//bases/istio?ref=v1"
	switch {
	case !address.MatchString(where) || !strings.Contains(path, "//") || strings.HasSuffix(path, "/"):
		return fmt.Errorf("--bases: found %q: must be the address of a Git repository, //, and the directory that has common and control-plane, %s", o.Bases, such)
	case err != nil || values.Get("ref") == "":
		return fmt.Errorf("--bases: %s names no version: must end with ?ref= and a tag or a commit, because a branch changes, %s", o.Bases, such)
	case !regexp.MustCompile(`^[\w.=&/+-]+$`).MatchString(query):
		return fmt.Errorf("--bases: found %q after \"?\": must be ref= and a tag or a commit, %s", query, such)
	case o.GitOps == argoCD:
		return fmt.Errorf("--bases: Argo CD renders in a sidecar that has no git, and cannot fetch %s: leave --bases out, so that the bases are in the repository", o.Bases)
	}
	return hidesNothing("--bases", where)
}

// hidesNothing refuses an address with a password: files are for everybody to read.
func hidesNothing(flag, text string) error {
	parsed, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	if _, secret := parsed.User.Password(); secret {
		return fmt.Errorf("%s: the address has a password or a token: must have none, because it would be in Git; give Flux, Argo CD or git a credential of its own", flag)
	}
	return nil
}

var (
	tag    = regexp.MustCompile(`^v\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$`)
	pseudo = regexp.MustCompile(`-(?:0\.)?\d{14}-([0-9a-f]{12})$`)
)

// Install is the version of the program for go install. If the program was built from
// sources that are not published, it is the newest one.
func (o Options) Install() string {
	if tag.MatchString(o.Version) {
		return o.Version
	}
	return "main"
}

// Revision is the version of the program for Git.
func (o Options) Revision() string {
	if commit := pseudo.FindStringSubmatch(o.Version); commit != nil && tag.MatchString(o.Version) {
		return commit[1]
	}
	return o.Install()
}
