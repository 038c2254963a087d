//! A list of errands, in two versions. The second stores all that a room stores in other forms.

pub mod v1;
pub mod v2;

#[cfg(feature = "v1")]
dormouse::rooms![v1::Errands];
#[cfg(not(feature = "v1"))]
dormouse::rooms![v2::Errands];
