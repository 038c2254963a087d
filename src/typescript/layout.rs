//! Declarations as ts-rs writes them, laid out for people: a field a line, a variant a paragraph.

/// Lays out one declaration with the comment before it.
pub(super) fn layout(declaration: &str) -> String {
    let mut layout = Layout { rest: declaration, ..Layout::default() };
    while let Some(next) = layout.rest.chars().next() {
        layout.step(next);
    }
    layout.out.trim_end().to_owned() + "\n"
}

/// Whether TypeScript takes a name without quotes.
pub(super) fn is_identifier(name: &str) -> bool {
    let is_part = |char: char| char == '_' || char == '$' || char.is_ascii_alphanumeric();
    name.chars().all(is_part)
        && !name.is_empty()
        && !name.starts_with(|char: char| char.is_ascii_digit())
}

#[derive(Default)]
struct Layout<'a> {
    rest: &'a str,
    out: String,
    /// Open `{`.
    depth: usize,
    /// Open brackets of other kinds: what is inside stays on its line.
    inside: usize,
    /// Whether the declaration is a list of variants.
    is_union: bool,
}

impl<'a> Layout<'a> {
    fn step(&mut self, next: char) {
        if self.rest.starts_with("/**") {
            return self.comment();
        }
        if next == '"' {
            return self.string();
        }
        self.take(next.len_utf8());
        match next {
            '{' if self.rest.trim_start().starts_with('}') => {
                self.rest = &self.rest.trim_start()[1..];
                self.out.push_str("{}");
            }
            '{' => {
                self.out.push('{');
                self.depth += 1;
                self.line();
            }
            '}' => {
                self.depth = self.depth.saturating_sub(1);
                self.out.truncate(self.out.trim_end().len());
                if !self.out.ends_with(';') {
                    self.out.push(';');
                }
                self.line();
                self.out.push('}');
            }
            ',' if self.depth > 0 && self.inside == 0 => {
                self.out.push(';');
                self.line();
            }
            '=' if self.depth == 0 && self.inside == 0 && has_variants(self.rest) => {
                self.is_union = true;
                self.out.push('=');
                self.variant();
            }
            '|' if self.is_union && self.depth == 0 && self.inside == 0 => self.variant(),
            _ if next.is_whitespace() => {
                if !self.out.ends_with([' ', '\n']) && !self.out.is_empty() {
                    self.out.push(' ');
                }
            }
            _ => {
                match next {
                    '<' | '[' | '(' => self.inside += 1,
                    '>' | ']' | ')' => self.inside = self.inside.saturating_sub(1),
                    _ => {}
                }
                self.out.push(next);
            }
        }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn variant(&mut self) {
        self.line();
        self.out.push_str("| ");
    }

    /// Begins a line.
    fn line(&mut self) {
        self.out.truncate(self.out.trim_end().len());
        let steps = match self.is_union {
            true if self.depth > 0 || self.out.ends_with(';') => self.depth + 2,
            true => 1,
            false => self.depth,
        };
        self.out.push('\n');
        self.out.push_str(&"  ".repeat(steps));
    }

    fn comment(&mut self) {
        let end = self.rest.find("*/").map_or(self.rest.len(), |at| at + 2);
        let comment = self.take(end);
        let text = comment.trim_start_matches("/**").trim_end_matches("*/").trim();
        let lines: Vec<_> =
            text.lines().map(|line| line.trim_start().trim_start_matches('*').trim()).collect();
        match &lines[..] {
            [line] => self.out.extend(["/** ", line, " */"]),
            lines => {
                self.out.push_str("/**");
                for line in lines {
                    self.line();
                    self.out.extend([" * ", line]);
                }
                self.line();
                self.out.push_str(" */");
            }
        }
        self.line();
    }

    fn string(&mut self) {
        let mut escaped = false;
        let end = self.rest[1..].find(|char| {
            let is_end = char == '"' && !escaped;
            escaped = char == '\\' && !escaped;
            is_end
        });
        let string = self.take(end.map_or(self.rest.len(), |at| at + 2));
        let name = string.trim_matches('"');
        let is_key = self.depth > 0 && self.rest.trim_start().starts_with([':', '?']);
        self.out.push_str(if is_key && is_identifier(name) { name } else { string });
    }
}

/// Whether what is declared has alternatives, objects among them.
fn has_variants(declared: &str) -> bool {
    declared.contains("} | ") || declared.contains(" | {")
}
