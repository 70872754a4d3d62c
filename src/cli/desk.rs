//! Where a command finds its settings, the database and the tenant.

use crate::app::App;
use crate::config::Settings;
use crate::domain::ids::Slug;
use crate::domain::tenant::Tenant;
use crate::store::Clock;

/// What all commands share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) settings: Settings,
    pub(super) tenant: Slug,
}

impl Desk {
    /// The application on the database that the server uses. The database must be there.
    pub(super) async fn app(&self) -> anyhow::Result<App> {
        let url = self.settings.database_url()?;
        Ok(App::open_existing(url.as_str(), Clock::System).await?)
    }

    /// The tenant that the command is about.
    pub(super) async fn tenant(&self, app: &App) -> anyhow::Result<Tenant> {
        Ok(app.tenant(&self.tenant).await?)
    }
}
