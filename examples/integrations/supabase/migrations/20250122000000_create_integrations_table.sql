-- Integrations: the third-party services that an organization has connected.

CREATE TABLE IF NOT EXISTS integrations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID NOT NULL,
    integration_type TEXT NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT true,
    configuration JSONB DEFAULT '{}',
    credentials JSONB DEFAULT '{}',
    status TEXT NOT NULL DEFAULT 'inactive'
        CHECK (status IN ('active', 'inactive', 'error', 'rate_limited')),
    last_sync_at TIMESTAMPTZ,
    last_error TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (organization_id, integration_type)
);

COMMENT ON TABLE integrations IS 'Third-party services that an organization has connected';
COMMENT ON COLUMN integrations.integration_type IS 'Which service: slack, github, stripe, ...';
COMMENT ON COLUMN integrations.is_active IS 'Switched off integrations keep their settings';
COMMENT ON COLUMN integrations.configuration IS 'Settings of the integration, without secrets';
COMMENT ON COLUMN integrations.credentials IS 'Encrypted credentials; never sent to a client';
COMMENT ON COLUMN integrations.status IS 'active, inactive, error or rate_limited';
COMMENT ON COLUMN integrations.last_sync_at IS 'When the last synchronization ended';
COMMENT ON COLUMN integrations.last_error IS 'What went wrong last, in the words of the service';

CREATE INDEX IF NOT EXISTS idx_integrations_organization ON integrations (organization_id);
CREATE INDEX IF NOT EXISTS idx_integrations_status ON integrations (status) WHERE is_active;

CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END;
$$;

DROP TRIGGER IF EXISTS integrations_touch_updated_at ON integrations;
CREATE TRIGGER integrations_touch_updated_at
    BEFORE UPDATE ON integrations
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

ALTER TABLE integrations ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS "Members read their integrations" ON integrations;
CREATE POLICY "Members read their integrations" ON integrations
    FOR SELECT TO authenticated
    USING (organization_id = ((SELECT auth.jwt()) ->> 'organization_id')::uuid);
