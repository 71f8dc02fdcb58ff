use crate::message::Entry;
use crate::name::Target;

/// What is wanted of the history; the default is the last hundred messages of all.
///
/// ```
/// use udpchat::{HistoryQuery, Target};
///
/// let query = HistoryQuery::default().with(Target::parse("#大厅")?).containing("moon").limit(20);
/// assert_eq!(query.limit, 20);
/// # Ok::<(), udpchat::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryQuery {
    /// Only of this conversation; default all.
    pub with: Option<Target>,
    /// Only messages with this in their text, in whatever case; default all.
    pub containing: Option<String>,
    /// Only messages whose [place](Entry#structfield.place) is less than this; default all.
    pub before: Option<u64>,
    /// At most so many, the last ones; default 100.
    pub limit: usize,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self { with: None, containing: None, before: None, limit: 100 }
    }
}

impl HistoryQuery {
    /// Sets [`with`](Self#structfield.with).
    #[must_use]
    pub fn with(mut self, conversation: impl Into<Option<Target>>) -> Self {
        self.with = conversation.into();
        self
    }

    /// Sets [`containing`](Self#structfield.containing).
    #[must_use]
    pub fn containing(mut self, text: impl AsRef<str>) -> Self {
        self.containing = Some(text.as_ref().to_lowercase());
        self
    }

    /// Sets [`before`](Self#structfield.before).
    #[must_use]
    pub fn before(mut self, place: u64) -> Self {
        self.before = Some(place);
        self
    }

    /// Sets [`limit`](Self#structfield.limit).
    #[must_use]
    pub fn limit(mut self, messages: usize) -> Self {
        self.limit = messages;
        self
    }

    pub(super) fn matches(&self, entry: &Entry) -> bool {
        let text = || entry.text.to_lowercase();
        self.containing.as_ref().is_none_or(|wanted| text().contains(&wanted.to_lowercase()))
    }
}
