//! The types that a room's types are made of, each once.

use std::any::{TypeId, type_name};

use ts_rs::{Config, TS, TypeVisitor};

#[derive(Debug, Default)]
pub(super) struct Declared(Vec<Declaration>);

#[derive(Debug)]
struct Declaration {
    id: TypeId,
    /// Whether it is one of the room's own, and not only a part of one.
    is_own: bool,
    rust: &'static str,
    name: String,
    text: String,
}

impl Declared {
    /// How TypeScript names one of the room's own types, which is declared with all that it needs.
    pub(super) fn name_of<T: TS + 'static>(&mut self) -> String {
        self.visit::<T>();
        T::visit_generics(self);
        let id = TypeId::of::<T::WithoutGenerics>();
        if let Some(at) = self.0.iter().position(|declaration| declaration.id == id) {
            let own = self.0.iter().take_while(|declaration| declaration.is_own).count();
            if at >= own {
                self.0[at].is_own = true;
                self.0[own..=at].rotate_right(1);
            }
        }
        T::name(&config())
    }

    /// The room's own in their order, then the rest by name: ts-rs visits the parts of a type in an order
    /// that differs between compilations.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let mut declarations: Vec<_> = self.0.iter().collect();
        declarations.sort_by_key(|declaration| (!declaration.is_own).then_some(&declaration.name));
        declarations.into_iter().map(|declaration| declaration.text.as_str())
    }

    /// # Panics
    /// If two have one name.
    pub(super) fn check(&self, room: &str) {
        for (at, Declaration { rust, name, .. }) in self.0.iter().enumerate() {
            let other = self.0[..at].iter().find(|other| other.name == *name);
            let other =
                other.map(|other| other.rust).or((name == "Room").then_some("the room's own"));
            if let Some(other) = other {
                panic!(
                    "the room \"{room}\" has two types that TypeScript would both call `{name}`: {other} \
                     and {rust}. Give one another name there, by `#[ts(rename = \"…\")]`"
                );
            }
        }
    }
}

impl TypeVisitor for Declared {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        let id = TypeId::of::<T::WithoutGenerics>();
        // What has no file of its own has no declaration either: a number, a list.
        if T::output_path().is_none() || self.0.iter().any(|declaration| declaration.id == id) {
            return;
        }
        let config = config();
        let text = T::docs().unwrap_or_default() + "export " + &T::decl(&config);
        let name = T::ident(&config);
        self.0.push(Declaration { id, is_own: false, rust: type_name::<T>(), name, text });
        T::visit_dependencies(self);
    }
}

/// In JSON a number is a number, however large its type.
fn config() -> Config {
    Config::new().with_large_int("number")
}
