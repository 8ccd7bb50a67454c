package distro

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLineSources(t *testing.T) {
	const text = `
# a comment
deb http://archive.example/debian bookworm main contrib # trailing
deb-src http://archive.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg trusted=yes] mirror+file:/etc/apt/mirrors.list bookworm-updates main
deb	[ signed-by=/k.gpg ]	http://archive.example/debian	sid	main
deb http://flat.example/ ./
deb cdrom:[Debian_12]/ bookworm main
deb [broken http://archive.example/debian bookworm main
debug http://archive.example/debian bookworm main
`
	want := []source{
		{
			URIs:       []string{"http://archive.example/debian"},
			Suites:     []string{"bookworm"},
			Components: []string{"main", "contrib"},
		},
		{
			URIs:       []string{"mirror+file:/etc/apt/mirrors.list"},
			Suites:     []string{"bookworm-updates"},
			Components: []string{"main"},
			SignedBy:   "/usr/share/keyrings/a.gpg",
		},
		{
			URIs:       []string{"http://archive.example/debian"},
			Suites:     []string{"sid"},
			Components: []string{"main"},
			SignedBy:   "/k.gpg",
		},
	}
	if diff := cmp.Diff(want, parseLineSources(text)); diff != "" {
		t.Error(diff)
	}
}

const debianSources = `Types: deb
# a comment inside
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb deb-src
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main
Trusted: yes

Types: deb
Enabled: no
URIs: http://archive.example/debian
Suites: sid
Components: main

Types: deb-src
URIs: http://archive.example/debian
Suites: bookworm
Components: main
`

func TestStanzaSources(t *testing.T) {
	want := []source{
		{
			URIs:       []string{"http://archive.example/debian"},
			Suites:     []string{"bookworm", "bookworm-updates", "bookworm-backports"},
			Components: []string{"main"},
			SignedBy:   "/usr/share/keyrings/debian.gpg",
		},
		{
			URIs:       []string{"http://archive.example/debian-security"},
			Suites:     []string{"bookworm-security"},
			Components: []string{"main"},
		},
	}
	if diff := cmp.Diff(want, parseStanzaSources(debianSources)); diff != "" {
		t.Error(diff)
	}
}

func TestKeyBlockSurvivesTheRoundTrip(t *testing.T) {
	const key = "\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n.\nmQINBF\n-----END PGP PUBLIC KEY BLOCK-----"
	in := []source{{
		URIs:       []string{"http://a.example/debian"},
		Suites:     []string{"sid"},
		Components: []string{"main"},
		SignedBy:   key,
	}}
	if diff := cmp.Diff(in, parseStanzaSources(stanzas(in))); diff != "" {
		t.Error(diff)
	}
}

func TestForSuite(t *testing.T) {
	debian := release{ID: "debian", Codenames: []string{"bookworm"}}
	thirdParty := source{
		URIs:       []string{"https://packages.example/php"},
		Suites:     []string{"bookworm"},
		Components: []string{"main"},
	}
	distribution := parseStanzaSources(debianSources)
	for _, tc := range []struct {
		name  string
		all   []source
		rel   release
		suite string
		want  []string // URI and suites of each source
	}{
		{
			name:  "the host's own comes with updates and security, without backports",
			all:   distribution,
			rel:   debian,
			suite: "bookworm",
			want: []string{"http://archive.example/debian bookworm bookworm-updates",
				"http://archive.example/debian-security bookworm-security"},
		},
		{
			name:  "another comes from the main archive alone",
			all:   distribution,
			rel:   debian,
			suite: "forky",
			want:  []string{"http://archive.example/debian forky"},
		},
		{
			name:  "a third party that uses the codename is passed over",
			all:   append([]source{thirdParty}, distribution...),
			rel:   debian,
			suite: "forky",
			want:  []string{"http://archive.example/debian forky"},
		},
		{
			name: "an archive by another name serves when it is the only one",
			all: []source{{
				URIs:       []string{"http://mirror.example/deb"},
				Suites:     []string{"bookworm"},
				Components: []string{"main"},
			}},
			rel:   debian,
			suite: "forky",
			want:  []string{"http://mirror.example/deb forky"},
		},
		{
			name: "sources that say stable instead of the codename",
			all: []source{{
				URIs:       []string{"http://a.example/debian"},
				Suites:     []string{"stable", "stable-updates"},
				Components: []string{"main"},
			}},
			rel:   debian,
			suite: "stable",
			want:  []string{"http://a.example/debian stable stable-updates"},
		},
		{
			name: "a derivative uses its parent's suite",
			all: []source{{
				URIs:       []string{"http://a.example/ubuntu"},
				Suites:     []string{"jammy"},
				Components: []string{"main", "universe"},
			}},
			rel:   release{ID: "linuxmint", Codenames: []string{"jammy", "victoria"}},
			suite: "jammy",
			want:  []string{"http://a.example/ubuntu jammy"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srcs, err := forSuite(tc.all, tc.rel, tc.suite)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range srcs {
				got = append(got, s.URIs[0]+" "+strings.Join(s.Suites, " "))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := forSuite([]source{{
		URIs:       []string{"https://x.example"},
		Suites:     []string{"stable"},
		Components: []string{"contrib"},
	}}, debian, "forky"); err == nil || !strings.Contains(err.Error(), "debian bookworm") {
		t.Errorf("no archive of the distribution: err = %v, want one that names it", err)
	}
}

func TestRelease(t *testing.T) {
	rel, err := parseRelease(strings.NewReader("ID=linuxmint\nVERSION_CODENAME=victoria\nUBUNTU_CODENAME=\"jammy\"\n" +
		"PRETTY_NAME='Linux Mint'\n"))
	if err != nil || rel.ID != "linuxmint" || !slices.Equal(rel.Codenames, []string{"jammy", "victoria"}) {
		t.Errorf("got %+v, %v", rel, err)
	}
}

// What the parsers accept must come out of the writer in a form that says the
// same, with no field of ours smuggled in by a value.
func FuzzSources(f *testing.F) {
	f.Add(debianSources)
	f.Add("deb [signed-by=/a] http://a.example/debian sid main\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, all := range [][]source{parseLineSources(text), parseStanzaSources(text)} {
			for _, s := range all {
				if len(s.URIs) == 0 || len(s.Suites) == 0 || len(s.Components) == 0 {
					t.Fatalf("incomplete source %+v", s)
				}
			}
			out := stanzas(all)
			for line := range strings.Lines(out) {
				if strings.HasPrefix(strings.ToLower(line), "trusted") {
					t.Fatalf("trusted option carried over:\n%s", out)
				}
			}
			if n := len(parseStanzaSources(out)); n != len(all) {
				t.Fatalf("wrote %d sources, read %d:\n%s", len(all), n, out)
			}
		}
	})
}
