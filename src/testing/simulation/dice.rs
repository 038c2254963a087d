//! Chance that can be repeated.

/// Random choices from a seed: the same seed makes the same choices on every machine.
///
/// ```
/// use dormouse::testing::Dice;
/// let mut dice = Dice::new(7);
/// let side = dice.below(6);
/// assert!(side < 6);
/// assert_eq!(Dice::new(7).below(6), side);
/// ```
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice with a seed.
    ///
    /// ```
    /// # use dormouse::testing::Dice;
    /// assert_ne!(Dice::new(1).number(), Dice::new(2).number());
    /// ```
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number, by `SplitMix64` (Steele, Lea and Flood, 2014).
    ///
    /// ```
    /// # use dormouse::testing::Dice;
    /// let mut dice = Dice::new(7);
    /// assert_ne!(dice.number(), dice.number());
    /// ```
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from 0 and below a limit; 0 for the limit 0.
    ///
    /// ```
    /// # use dormouse::testing::Dice;
    /// assert_eq!(Dice::new(7).below(1), 0);
    /// ```
    #[allow(clippy::cast_possible_truncation, reason = "it is below a usize")]
    pub const fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.number() % limit as u64) as usize }
    }

    /// True so many times in a hundred.
    ///
    /// ```
    /// # use dormouse::testing::Dice;
    /// assert!(Dice::new(7).percent(100));
    /// assert!(!Dice::new(7).percent(0));
    /// ```
    pub const fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of some things.
    ///
    /// # Panics
    /// If there are none.
    ///
    /// ```
    /// # use dormouse::testing::Dice;
    /// assert_eq!(Dice::new(7).one_of(&["ada"]), &"ada");
    /// ```
    pub fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// A short text, now and then with characters that are more than a byte, or none at all.
    ///
    /// ```
    /// # use dormouse::testing::Dice;
    /// assert!(Dice::new(7).text().chars().count() <= 8);
    /// ```
    pub fn text(&mut self) -> String {
        const CHARACTERS: [char; 16] = [
            'a',
            'b',
            'c',
            'd',
            'e',
            ' ',
            '0',
            '"',
            '\\',
            '\n',
            '\u{0}',
            'ä',
            '€',
            '🐭',
            '\u{2028}',
            '\u{10ffff}',
        ];
        let plain = if self.percent(70) { 6 } else { CHARACTERS.len() };
        (0..self.below(9)).map(|_| CHARACTERS[self.below(plain)]).collect()
    }
}
