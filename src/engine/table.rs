//! A map by text. Its tree is compiled once, whatever it holds.

use std::collections::BTreeMap;
use std::ops::Bound;

/// A map from texts, in their order.
#[derive(Debug)]
pub(crate) struct Table<V> {
    places: BTreeMap<String, usize>,
    rows: Vec<Option<V>>,
    free: Vec<usize>,
}

impl<V> Table<V> {
    pub(crate) const fn new() -> Self {
        Self { places: BTreeMap::new(), rows: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.rows[*self.places.get(key)?].as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.rows[*self.places.get(key)?].as_mut()
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: String, value: V) {
        if let Some(row) = self.get_mut(&key) {
            *row = value;
            return;
        }
        let place = self.free.pop().unwrap_or(self.rows.len());
        if place == self.rows.len() {
            self.rows.push(None);
        }
        self.rows[place] = Some(value);
        self.places.insert(key, place);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let place = self.places.remove(key)?;
        self.free.push(place);
        self.rows[place].take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.from("")
    }

    /// The entries from a key on.
    pub(crate) fn from(&self, key: &str) -> impl Iterator<Item = (&str, &V)> {
        let range = self.places.range::<str, _>((Bound::Included(key), Bound::Unbounded));
        range.filter_map(|(key, place)| Some((key.as_str(), self.rows[*place].as_ref()?)))
    }

    /// The entries whose key begins with a text.
    pub(crate) fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &V)> {
        self.from(prefix).take_while(move |(key, _)| key.starts_with(prefix))
    }

    pub(crate) fn into_entries(mut self) -> impl Iterator<Item = (String, V)> {
        let places = std::mem::take(&mut self.places).into_iter();
        places.filter_map(move |(key, place)| Some((key, self.rows[place].take()?)))
    }
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_in_the_order_of_keys(steps in prop::collection::vec((0_u8..3, "[ab]{0,3}"), 0..60)) {
            let (mut table, mut model) = (Table::new(), BTreeMap::new());
            for (nth, (step, key)) in steps.into_iter().enumerate() {
                match step {
                    0 => {
                        table.insert(key.clone(), nth);
                        model.insert(key.clone(), nth);
                    }
                    1 => prop_assert_eq!(table.remove(&key), model.remove(&key)),
                    _ => prop_assert_eq!(table.get_mut(&key), model.get_mut(&key)),
                }
                prop_assert_eq!(table.get(&key), model.get(&key));
                prop_assert_eq!(table.contains_key(&key), model.contains_key(&key));
                let all = |from: &str| model.range(from.to_owned()..).map(|(key, it)| (key.clone(), *it));
                let own = |(key, it): (&str, &usize)| (key.to_owned(), *it);
                prop_assert!(table.from(&key).map(own).eq(all(&key)));
                prop_assert!(table.with_prefix(&key).map(own).eq(all(&key).filter(|it| it.0.starts_with(&key))));
                prop_assert_eq!((table.len(), table.is_empty()), (model.len(), model.is_empty()));
            }
            prop_assert!(table.into_entries().eq(model));
        }
    }
}
