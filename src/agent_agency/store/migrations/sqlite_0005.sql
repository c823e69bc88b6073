CREATE TABLE agency_schema (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT agency_schema_pkc PRIMARY KEY (version_num)
);

CREATE TABLE agency_ledgers (
	ledger TEXT NOT NULL,
	place TEXT NOT NULL,
	CONSTRAINT pk_agency_ledgers PRIMARY KEY (ledger)
);

CREATE TABLE agency_chains (
	ledger TEXT NOT NULL,
	chain TEXT NOT NULL,
	seq BIGINT NOT NULL,
	hash TEXT NOT NULL,
	CONSTRAINT pk_agency_chains PRIMARY KEY (ledger, chain),
	CONSTRAINT fk_agency_chains_agency_ledgers FOREIGN KEY(ledger) REFERENCES agency_ledgers (ledger)
);

CREATE TABLE agency_entries (
	ledger TEXT NOT NULL,
	chain TEXT NOT NULL,
	seq BIGINT NOT NULL,
	hash TEXT NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT,
	line BLOB NOT NULL,
	CONSTRAINT pk_agency_entries PRIMARY KEY (ledger, chain, seq),
	CONSTRAINT fk_agency_entries_agency_chains FOREIGN KEY(ledger, chain) REFERENCES agency_chains (ledger, chain)
);

CREATE TABLE agency_signed_heads (
	ledger TEXT NOT NULL,
	chain TEXT NOT NULL,
	seq BIGINT NOT NULL,
	hash TEXT NOT NULL,
	envelope BLOB NOT NULL,
	CONSTRAINT pk_agency_signed_heads PRIMARY KEY (ledger, chain, seq),
	CONSTRAINT fk_agency_signed_heads_agency_chains FOREIGN KEY(ledger, chain) REFERENCES agency_chains (ledger, chain)
);

CREATE TRIGGER agency_entries_no_update BEFORE UPDATE ON agency_entries BEGIN SELECT RAISE(ABORT, 'agency_entries only grows'); END;

CREATE TRIGGER agency_entries_no_delete BEFORE DELETE ON agency_entries BEGIN SELECT RAISE(ABORT, 'agency_entries only grows'); END;

CREATE TRIGGER agency_signed_heads_no_update BEFORE UPDATE ON agency_signed_heads BEGIN SELECT RAISE(ABORT, 'agency_signed_heads only grows'); END;

CREATE TRIGGER agency_signed_heads_no_delete BEFORE DELETE ON agency_signed_heads BEGIN SELECT RAISE(ABORT, 'agency_signed_heads only grows'); END;

CREATE TRIGGER agency_chains_forward BEFORE UPDATE ON agency_chains WHEN NEW.ledger IS NOT OLD.ledger OR NEW.chain IS NOT OLD.chain OR NEW.seq <= OLD.seq BEGIN SELECT RAISE(ABORT, 'a chain only grows'); END;

CREATE TABLE agency_precedents (
	number BIGINT NOT NULL,
	ledger TEXT NOT NULL,
	precedent TEXT NOT NULL,
	ruling TEXT NOT NULL,
	seq BIGINT NOT NULL,
	verdict TEXT NOT NULL,
	compared TEXT NOT NULL,
	question TEXT NOT NULL,
	stance TEXT NOT NULL,
	holding TEXT NOT NULL,
	facts TEXT NOT NULL,
	words TEXT NOT NULL,
	CONSTRAINT pk_agency_precedents PRIMARY KEY (number),
	CONSTRAINT uq_agency_precedents_ledger_precedent UNIQUE (ledger, precedent)
);

CREATE INDEX ix_agency_precedents_question ON agency_precedents (ledger, question, stance, number);

CREATE TABLE agency_precedent_facts (
	fact BIGINT NOT NULL,
	ledger TEXT NOT NULL,
	scope TEXT NOT NULL,
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	shared_by BIGINT NOT NULL,
	CONSTRAINT pk_agency_precedent_facts PRIMARY KEY (fact),
	CONSTRAINT uq_agency_precedent_facts_ledger_key_value_scope UNIQUE (ledger, "key", value, scope)
);

CREATE TABLE agency_precedent_postings (
	fact BIGINT NOT NULL,
	number BIGINT NOT NULL,
	CONSTRAINT pk_agency_precedent_postings PRIMARY KEY (fact, number)
)
 WITHOUT ROWID;

CREATE TABLE agency_precedent_index (
	ledger TEXT NOT NULL,
	entries BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	hash TEXT NOT NULL,
	precedents BIGINT NOT NULL,
	digest TEXT NOT NULL,
	people TEXT NOT NULL,
	CONSTRAINT pk_agency_precedent_index PRIMARY KEY (ledger)
);

CREATE VIRTUAL TABLE agency_precedent_words USING fts5(holding, words, content='agency_precedents', content_rowid='number', tokenize='porter unicode61');

CREATE TABLE agency_judge_versions (
	number INTEGER NOT NULL,
	version TEXT NOT NULL,
	judge TEXT NOT NULL,
	CONSTRAINT pk_agency_judge_versions PRIMARY KEY (number),
	CONSTRAINT uq_agency_judge_versions_version UNIQUE (version)
);

CREATE INDEX ix_agency_judge_versions_judge ON agency_judge_versions (judge, number);

CREATE TABLE agency_evaluations (
	number INTEGER NOT NULL,
	id TEXT NOT NULL,
	at TEXT NOT NULL,
	judge TEXT NOT NULL,
	version BIGINT NOT NULL,
	verdict TEXT NOT NULL,
	subject TEXT NOT NULL,
	run TEXT,
	line BLOB NOT NULL,
	CONSTRAINT pk_agency_evaluations PRIMARY KEY (number),
	CONSTRAINT uq_agency_evaluations_id UNIQUE (id)
);

CREATE INDEX ix_agency_evaluations_run ON agency_evaluations (run, number) WHERE run IS NOT NULL;

CREATE INDEX ix_agency_evaluations_at ON agency_evaluations (at, number);

CREATE INDEX ix_agency_evaluations_judge ON agency_evaluations (judge, at, number);

CREATE INDEX ix_agency_evaluations_version ON agency_evaluations (version, at, number);

CREATE INDEX ix_agency_evaluations_verdict ON agency_evaluations (verdict, at, number);

CREATE INDEX ix_agency_evaluations_judge_verdict ON agency_evaluations (judge, verdict, at, number);

CREATE INDEX ix_agency_evaluations_version_verdict ON agency_evaluations (version, verdict, at, number);

CREATE INDEX ix_agency_evaluations_subject ON agency_evaluations (subject, judge);

CREATE TABLE agency_evaluation_days (
	version BIGINT NOT NULL,
	day TEXT NOT NULL,
	verdict TEXT NOT NULL,
	evaluations BIGINT NOT NULL,
	scored BIGINT NOT NULL,
	score_millionths BIGINT NOT NULL,
	prompt_tokens BIGINT NOT NULL,
	completion_tokens BIGINT NOT NULL,
	cached_tokens BIGINT NOT NULL,
	latency_us BIGINT NOT NULL,
	cache_hits BIGINT NOT NULL,
	CONSTRAINT pk_agency_evaluation_days PRIMARY KEY (version, day, verdict)
);

CREATE TABLE agency_agreement_days (
	version BIGINT NOT NULL,
	day TEXT NOT NULL,
	verdict TEXT NOT NULL,
	gold TEXT NOT NULL,
	evaluations BIGINT NOT NULL,
	CONSTRAINT pk_agency_agreement_days PRIMARY KEY (version, day, verdict, gold)
);

CREATE TABLE agency_labels (
	number INTEGER NOT NULL,
	id TEXT NOT NULL,
	at TEXT NOT NULL,
	judge TEXT NOT NULL,
	subject TEXT NOT NULL,
	source TEXT NOT NULL,
	line BLOB NOT NULL,
	CONSTRAINT pk_agency_labels PRIMARY KEY (number),
	CONSTRAINT uq_agency_labels_id UNIQUE (id)
);

CREATE INDEX ix_agency_labels_at ON agency_labels (at, number);

CREATE INDEX ix_agency_labels_judge ON agency_labels (judge, at, number);

CREATE INDEX ix_agency_labels_source ON agency_labels (source, at, number);

CREATE INDEX ix_agency_labels_judge_source ON agency_labels (judge, source, at, number);

CREATE INDEX ix_agency_labels_subject ON agency_labels (subject, judge);

CREATE TABLE agency_gold (
	subject TEXT NOT NULL,
	judge TEXT NOT NULL,
	verdict TEXT NOT NULL,
	rank BIGINT NOT NULL,
	at TEXT NOT NULL,
	label TEXT NOT NULL,
	CONSTRAINT pk_agency_gold PRIMARY KEY (subject, judge)
);

CREATE TABLE agency_label_counts (
	judge TEXT NOT NULL,
	source TEXT NOT NULL,
	verdict TEXT NOT NULL,
	labels BIGINT NOT NULL,
	CONSTRAINT pk_agency_label_counts PRIMARY KEY (judge, source, verdict)
);

CREATE TABLE agency_prompt_versions (
	judge TEXT NOT NULL,
	version BIGINT NOT NULL,
	digest TEXT NOT NULL,
	artefact BLOB NOT NULL,
	at TEXT NOT NULL,
	note TEXT NOT NULL,
	CONSTRAINT pk_agency_prompt_versions PRIMARY KEY (judge, version),
	CONSTRAINT uq_agency_prompt_versions_judge_digest UNIQUE (judge, digest),
	CONSTRAINT ck_agency_prompt_versions_ck_agency_prompt_versions_version CHECK (version > 0)
);

CREATE TABLE agency_activations (
	number INTEGER NOT NULL,
	judge TEXT NOT NULL,
	version BIGINT NOT NULL,
	digest TEXT NOT NULL,
	act TEXT NOT NULL,
	at TEXT NOT NULL,
	who TEXT NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_agency_activations PRIMARY KEY (number)
);

CREATE INDEX ix_agency_activations_judge ON agency_activations (judge, number);

CREATE TABLE agency_experiments (
	number INTEGER NOT NULL,
	name TEXT NOT NULL,
	definition BLOB NOT NULL,
	digest TEXT NOT NULL,
	state TEXT NOT NULL,
	at TEXT NOT NULL,
	CONSTRAINT pk_agency_experiments PRIMARY KEY (number),
	CONSTRAINT uq_agency_experiments_name UNIQUE (name)
);

CREATE TABLE agency_experiment_states (
	number INTEGER NOT NULL,
	experiment BIGINT NOT NULL,
	state TEXT NOT NULL,
	at TEXT NOT NULL,
	CONSTRAINT pk_agency_experiment_states PRIMARY KEY (number),
	CONSTRAINT fk_agency_experiment_states_agency_experiments FOREIGN KEY(experiment) REFERENCES agency_experiments (number)
);

CREATE INDEX ix_agency_experiment_states_experiment ON agency_experiment_states (experiment, number);

CREATE TABLE agency_assignments (
	number INTEGER NOT NULL,
	experiment BIGINT NOT NULL,
	unit TEXT NOT NULL,
	arm TEXT NOT NULL,
	share DOUBLE NOT NULL,
	at TEXT NOT NULL,
	CONSTRAINT pk_agency_assignments PRIMARY KEY (number),
	CONSTRAINT fk_agency_assignments_agency_experiments FOREIGN KEY(experiment) REFERENCES agency_experiments (number)
);

CREATE UNIQUE INDEX ux_agency_assignments_unit ON agency_assignments (experiment, unit);

CREATE INDEX ix_agency_assignments_experiment ON agency_assignments (experiment, number);

CREATE TABLE agency_observations (
	number INTEGER NOT NULL,
	experiment BIGINT NOT NULL,
	unit TEXT NOT NULL,
	arm TEXT NOT NULL,
	metric TEXT NOT NULL,
	value DOUBLE NOT NULL,
	at TEXT NOT NULL,
	CONSTRAINT pk_agency_observations PRIMARY KEY (number),
	CONSTRAINT fk_agency_observations_agency_experiments FOREIGN KEY(experiment) REFERENCES agency_experiments (number)
);

CREATE UNIQUE INDEX ux_agency_observations_once ON agency_observations (experiment, unit, arm, metric);

CREATE INDEX ix_agency_observations_experiment ON agency_observations (experiment, number);

CREATE TABLE agency_model_runs (
	number INTEGER NOT NULL,
	run TEXT NOT NULL,
	at TEXT NOT NULL,
	engine TEXT NOT NULL,
	outcome TEXT NOT NULL,
	prompt_tokens BIGINT,
	completion_tokens BIGINT,
	cached_tokens BIGINT,
	latency_us BIGINT NOT NULL,
	cache_hit BIGINT NOT NULL,
	line BLOB NOT NULL,
	CONSTRAINT pk_agency_model_runs PRIMARY KEY (number)
);

CREATE INDEX ix_agency_model_runs_run ON agency_model_runs (run, number);

CREATE INDEX ix_agency_model_runs_at ON agency_model_runs (at, number);

CREATE TABLE agency_sealed_uses (
	number INTEGER NOT NULL,
	dataset TEXT NOT NULL,
	judge TEXT NOT NULL,
	at TEXT NOT NULL,
	who TEXT NOT NULL,
	purpose TEXT NOT NULL,
	CONSTRAINT pk_agency_sealed_uses PRIMARY KEY (number)
);

CREATE INDEX ix_agency_sealed_uses_dataset ON agency_sealed_uses (dataset, judge, number);

CREATE TRIGGER agency_evaluations_no_update BEFORE UPDATE ON agency_evaluations BEGIN SELECT RAISE(ABORT, 'agency_evaluations only grows'); END;

CREATE TRIGGER agency_evaluations_no_delete BEFORE DELETE ON agency_evaluations BEGIN SELECT RAISE(ABORT, 'agency_evaluations only grows'); END;

CREATE TRIGGER agency_labels_no_update BEFORE UPDATE ON agency_labels BEGIN SELECT RAISE(ABORT, 'agency_labels only grows'); END;

CREATE TRIGGER agency_labels_no_delete BEFORE DELETE ON agency_labels BEGIN SELECT RAISE(ABORT, 'agency_labels only grows'); END;

CREATE TRIGGER agency_prompt_versions_no_update BEFORE UPDATE ON agency_prompt_versions BEGIN SELECT RAISE(ABORT, 'agency_prompt_versions only grows'); END;

CREATE TRIGGER agency_prompt_versions_no_delete BEFORE DELETE ON agency_prompt_versions BEGIN SELECT RAISE(ABORT, 'agency_prompt_versions only grows'); END;

CREATE TRIGGER agency_activations_no_update BEFORE UPDATE ON agency_activations BEGIN SELECT RAISE(ABORT, 'agency_activations only grows'); END;

CREATE TRIGGER agency_activations_no_delete BEFORE DELETE ON agency_activations BEGIN SELECT RAISE(ABORT, 'agency_activations only grows'); END;

CREATE TRIGGER agency_experiment_states_no_update BEFORE UPDATE ON agency_experiment_states BEGIN SELECT RAISE(ABORT, 'agency_experiment_states only grows'); END;

CREATE TRIGGER agency_experiment_states_no_delete BEFORE DELETE ON agency_experiment_states BEGIN SELECT RAISE(ABORT, 'agency_experiment_states only grows'); END;

CREATE TRIGGER agency_assignments_no_update BEFORE UPDATE ON agency_assignments BEGIN SELECT RAISE(ABORT, 'agency_assignments only grows'); END;

CREATE TRIGGER agency_assignments_no_delete BEFORE DELETE ON agency_assignments BEGIN SELECT RAISE(ABORT, 'agency_assignments only grows'); END;

CREATE TRIGGER agency_model_runs_no_update BEFORE UPDATE ON agency_model_runs BEGIN SELECT RAISE(ABORT, 'agency_model_runs only grows'); END;

CREATE TRIGGER agency_model_runs_no_delete BEFORE DELETE ON agency_model_runs BEGIN SELECT RAISE(ABORT, 'agency_model_runs only grows'); END;

CREATE TRIGGER agency_sealed_uses_no_update BEFORE UPDATE ON agency_sealed_uses BEGIN SELECT RAISE(ABORT, 'agency_sealed_uses only grows'); END;

CREATE TRIGGER agency_sealed_uses_no_delete BEFORE DELETE ON agency_sealed_uses BEGIN SELECT RAISE(ABORT, 'agency_sealed_uses only grows'); END;

CREATE TABLE agency_spend_calls (
	number INTEGER NOT NULL,
	id TEXT NOT NULL,
	at TEXT NOT NULL,
	expires TEXT NOT NULL,
	month TEXT NOT NULL,
	task TEXT NOT NULL,
	engine TEXT NOT NULL,
	currency TEXT NOT NULL,
	price_prompt BIGINT NOT NULL,
	price_completion BIGINT NOT NULL,
	reserved BIGINT NOT NULL,
	state TEXT NOT NULL,
	settled BIGINT,
	prompt_tokens BIGINT,
	completion_tokens BIGINT,
	ended_at TEXT NOT NULL,
	who TEXT NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_agency_spend_calls PRIMARY KEY (number),
	CONSTRAINT uq_agency_spend_calls_id UNIQUE (id),
	CONSTRAINT ck_agency_spend_calls_ck_agency_spend_calls_state CHECK (state IN ('reserved', 'settled', 'released')),
	CONSTRAINT ck_agency_spend_calls_ck_agency_spend_calls_amounts CHECK (reserved >= 0 AND (settled IS NULL) = (state = 'reserved') AND coalesce(settled, 0) >= 0)
);

CREATE INDEX ix_agency_spend_calls_month ON agency_spend_calls (month, currency, state, reserved, settled);

CREATE INDEX ix_agency_spend_calls_task ON agency_spend_calls (task, currency, state, reserved, settled);

CREATE INDEX ix_agency_spend_calls_open ON agency_spend_calls (number) WHERE state = 'reserved';

CREATE TABLE agency_spend_switch (
	number INTEGER NOT NULL,
	act TEXT NOT NULL,
	at TEXT NOT NULL,
	who TEXT NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_agency_spend_switch PRIMARY KEY (number),
	CONSTRAINT ck_agency_spend_switch_ck_agency_spend_switch_act CHECK (act IN ('stop', 'resume'))
);

CREATE TABLE agency_pool_events (
	number INTEGER NOT NULL,
	at TEXT NOT NULL,
	model TEXT NOT NULL,
	event TEXT NOT NULL,
	state TEXT NOT NULL,
	memory_bytes BIGINT,
	detail TEXT NOT NULL,
	CONSTRAINT pk_agency_pool_events PRIMARY KEY (number)
);

CREATE INDEX ix_agency_pool_events_model ON agency_pool_events (model, number);

CREATE TABLE agency_rollouts (
	number INTEGER NOT NULL,
	role TEXT NOT NULL,
	old TEXT NOT NULL,
	new TEXT NOT NULL,
	limits BLOB NOT NULL,
	state TEXT NOT NULL,
	at TEXT NOT NULL,
	CONSTRAINT pk_agency_rollouts PRIMARY KEY (number)
);

CREATE INDEX ix_agency_rollouts_role ON agency_rollouts (role, number);

CREATE UNIQUE INDEX ux_agency_rollouts_under_way ON agency_rollouts (role) WHERE state IN ('shadow', 'share', 'all');

CREATE TABLE agency_rollout_states (
	number INTEGER NOT NULL,
	rollout BIGINT NOT NULL,
	event TEXT NOT NULL,
	state TEXT NOT NULL,
	at TEXT NOT NULL,
	who TEXT NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_agency_rollout_states PRIMARY KEY (number),
	CONSTRAINT fk_agency_rollout_states_agency_rollouts FOREIGN KEY(rollout) REFERENCES agency_rollouts (number)
);

CREATE INDEX ix_agency_rollout_states_rollout ON agency_rollout_states (rollout, number);

CREATE TABLE agency_rollout_pairs (
	number INTEGER NOT NULL,
	rollout BIGINT NOT NULL,
	stage TEXT NOT NULL,
	"key" TEXT NOT NULL,
	at TEXT NOT NULL,
	old_outcome TEXT NOT NULL,
	new_outcome TEXT NOT NULL,
	agreed BIGINT,
	old_us BIGINT NOT NULL,
	new_us BIGINT NOT NULL,
	CONSTRAINT pk_agency_rollout_pairs PRIMARY KEY (number),
	CONSTRAINT fk_agency_rollout_pairs_agency_rollouts FOREIGN KEY(rollout) REFERENCES agency_rollouts (number)
);

CREATE INDEX ix_agency_rollout_pairs_rollout ON agency_rollout_pairs (rollout, stage, number);

CREATE INDEX ix_agency_model_runs_engine ON agency_model_runs (engine, at, number);

CREATE TRIGGER agency_spend_switch_no_update BEFORE UPDATE ON agency_spend_switch BEGIN SELECT RAISE(ABORT, 'agency_spend_switch only grows'); END;

CREATE TRIGGER agency_spend_switch_no_delete BEFORE DELETE ON agency_spend_switch BEGIN SELECT RAISE(ABORT, 'agency_spend_switch only grows'); END;

CREATE TRIGGER agency_pool_events_no_update BEFORE UPDATE ON agency_pool_events BEGIN SELECT RAISE(ABORT, 'agency_pool_events only grows'); END;

CREATE TRIGGER agency_pool_events_no_delete BEFORE DELETE ON agency_pool_events BEGIN SELECT RAISE(ABORT, 'agency_pool_events only grows'); END;

CREATE TRIGGER agency_rollout_states_no_update BEFORE UPDATE ON agency_rollout_states BEGIN SELECT RAISE(ABORT, 'agency_rollout_states only grows'); END;

CREATE TRIGGER agency_rollout_states_no_delete BEFORE DELETE ON agency_rollout_states BEGIN SELECT RAISE(ABORT, 'agency_rollout_states only grows'); END;

CREATE TRIGGER agency_rollout_pairs_no_update BEFORE UPDATE ON agency_rollout_pairs BEGIN SELECT RAISE(ABORT, 'agency_rollout_pairs only grows'); END;

CREATE TRIGGER agency_rollout_pairs_no_delete BEFORE DELETE ON agency_rollout_pairs BEGIN SELECT RAISE(ABORT, 'agency_rollout_pairs only grows'); END;

ALTER TABLE agency_pool_events ADD COLUMN setup TEXT DEFAULT '' NOT NULL;

ALTER TABLE agency_pool_events ADD COLUMN process TEXT DEFAULT '' NOT NULL;

CREATE TABLE agency_local_use (
	number INTEGER NOT NULL,
	at TEXT NOT NULL,
	month TEXT NOT NULL,
	task TEXT NOT NULL,
	engine TEXT NOT NULL,
	calls BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	latency_us BIGINT NOT NULL,
	prompt_tokens BIGINT NOT NULL,
	completion_tokens BIGINT NOT NULL,
	CONSTRAINT pk_agency_local_use PRIMARY KEY (number),
	CONSTRAINT ck_agency_local_use_ck_agency_local_use_sums CHECK (calls >= failed AND failed >= 0 AND latency_us >= 0 AND prompt_tokens >= 0 AND completion_tokens >= 0)
);

CREATE INDEX ix_agency_local_use_month ON agency_local_use (month, engine);

CREATE TRIGGER agency_local_use_no_update BEFORE UPDATE ON agency_local_use BEGIN SELECT RAISE(ABORT, 'agency_local_use only grows'); END;

CREATE TRIGGER agency_local_use_no_delete BEFORE DELETE ON agency_local_use BEGIN SELECT RAISE(ABORT, 'agency_local_use only grows'); END;

INSERT INTO agency_schema VALUES ('0005')
