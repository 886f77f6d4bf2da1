CREATE TABLE "ats" (
	"sku" text NOT NULL,
	"channel" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"ats" bigint NOT NULL,
	"is_sold" boolean NOT NULL,
	CONSTRAINT "ats_sku_channel_pk" PRIMARY KEY("sku","channel"),
	CONSTRAINT "ats_units" CHECK ("ats"."ats" >= 0 and ("ats"."is_sold" or "ats"."ats" = 0))
);
--> statement-breakpoint
CREATE TABLE "cursors" (
	"kind" text NOT NULL,
	"partition" integer NOT NULL,
	"seq" bigint NOT NULL,
	"hash" text NOT NULL,
	"incarnation" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"entries" bigint NOT NULL,
	"written_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cursors_kind_partition_pk" PRIMARY KEY("kind","partition"),
	CONSTRAINT "cursors_seq" CHECK ("cursors"."seq" >= 1)
);
--> statement-breakpoint
CREATE TABLE "discrepancies" (
	"kind" text NOT NULL,
	"partition" integer NOT NULL,
	"seq" bigint NOT NULL,
	"place" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"sku" text NOT NULL,
	"what" text NOT NULL,
	"qty" bigint NOT NULL,
	"location" text,
	"sender" text,
	"command_id" text,
	CONSTRAINT "discrepancies_kind_partition_seq_place_pk" PRIMARY KEY("kind","partition","seq","place")
);
--> statement-breakpoint
-- By hand: drizzle-kit knows no partitioned tables. Whoever writes makes the months that it needs (src/postgres/months.ts).
CREATE TABLE "ledger" (
	"kind" text NOT NULL,
	"partition" integer NOT NULL,
	"seq" bigint NOT NULL,
	"place" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"line" integer,
	"broker_at" timestamp with time zone,
	"epoch" bigint NOT NULL,
	"cause" text NOT NULL,
	"key" text,
	"sku" text,
	"channel" text,
	"reservation" text,
	"order_id" text,
	"sender" text,
	"class" text,
	"on_behalf" text,
	"is_bulk" boolean NOT NULL,
	"command_id" text,
	"command_type" text,
	"command" jsonb,
	"decision" text,
	"refusal" jsonb,
	"event_type" text,
	"event" jsonb,
	"detail" jsonb,
	"correlation_id" text NOT NULL,
	"causation_id" text NOT NULL,
	CONSTRAINT "ledger_kind_partition_seq_place_at_pk" PRIMARY KEY("kind","partition","seq","place","at"),
	CONSTRAINT "ledger_says_something" CHECK ("ledger"."decision" is not null or "ledger"."event" is not null or "ledger"."detail" is not null)
) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE TABLE "order_lines" (
	"channel" text NOT NULL,
	"order_id" text NOT NULL,
	"sku" text NOT NULL,
	"seq" bigint NOT NULL,
	"place" smallint NOT NULL,
	"qty" bigint NOT NULL,
	"min_qty" bigint NOT NULL,
	"reserved" bigint NOT NULL,
	"released" bigint NOT NULL,
	"fulfilled" bigint NOT NULL,
	"lost" bigint NOT NULL,
	"is_confirmed" boolean NOT NULL,
	"refusal_reason" text,
	CONSTRAINT "order_lines_channel_order_id_sku_pk" PRIMARY KEY("channel","order_id","sku")
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"channel" text NOT NULL,
	"order_id" text NOT NULL,
	"partition" integer NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"placed_seq" bigint NOT NULL,
	"placed_at" timestamp with time zone NOT NULL,
	"phase" text NOT NULL,
	"ending" text,
	"fill" text NOT NULL,
	"open_qty" bigint NOT NULL,
	"fulfilled_qty" bigint NOT NULL,
	"is_forgotten" boolean NOT NULL,
	"state" jsonb NOT NULL,
	CONSTRAINT "orders_channel_order_id_pk" PRIMARY KEY("channel","order_id"),
	CONSTRAINT "orders_end" CHECK (("orders"."phase" = 'ended') = ("orders"."ending" is not null))
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"sku" text NOT NULL,
	"version" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"sender" text,
	"policy" jsonb NOT NULL,
	CONSTRAINT "policies_sku_version_pk" PRIMARY KEY("sku","version")
);
--> statement-breakpoint
CREATE TABLE "quarantine" (
	"kind" text NOT NULL,
	"partition" integer NOT NULL,
	"quarantined" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"key" text NOT NULL,
	"sender" text NOT NULL,
	"class" text NOT NULL,
	"command" jsonb NOT NULL,
	"cause" text NOT NULL,
	"began_seq" bigint NOT NULL,
	"began_at" timestamp with time zone NOT NULL,
	"settled_seq" bigint,
	"settled_at" timestamp with time zone,
	"settled_as" text,
	CONSTRAINT "quarantine_kind_partition_quarantined_pk" PRIMARY KEY("kind","partition","quarantined")
);
--> statement-breakpoint
CREATE TABLE "reservations" (
	"sku" text NOT NULL,
	"channel" text NOT NULL,
	"reservation" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"began_seq" bigint NOT NULL,
	"began_at" timestamp with time zone NOT NULL,
	"order_id" text,
	"status" text NOT NULL,
	"open_qty" bigint NOT NULL,
	"short_qty" bigint NOT NULL,
	"fulfilled_qty" bigint NOT NULL,
	"expires_at" timestamp with time zone,
	"state" jsonb NOT NULL,
	CONSTRAINT "reservations_sku_channel_reservation_pk" PRIMARY KEY("sku","channel","reservation"),
	CONSTRAINT "reservations_status" CHECK ("reservations"."status" in ('held', 'confirmed', 'fulfilled', 'released', 'expired')),
	CONSTRAINT "reservations_units" CHECK ("reservations"."open_qty" >= 0 and "reservations"."short_qty" >= 0 and "reservations"."fulfilled_qty" >= 0),
	CONSTRAINT "reservations_end" CHECK (("reservations"."status" in ('held', 'confirmed')) = ("reservations"."open_qty" > 0))
);
--> statement-breakpoint
CREATE TABLE "senders" (
	"kind" text NOT NULL,
	"partition" integer NOT NULL,
	"sender" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"accepted" bigint NOT NULL,
	"refused" bigint NOT NULL,
	"repeated" bigint NOT NULL,
	"quarantined" bigint NOT NULL,
	"expired" bigint NOT NULL,
	"floors" jsonb NOT NULL,
	CONSTRAINT "senders_kind_partition_sender_pk" PRIMARY KEY("kind","partition","sender")
);
--> statement-breakpoint
CREATE TABLE "shortages" (
	"sku" text NOT NULL,
	"channel" text NOT NULL,
	"reservation" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"qty" bigint NOT NULL,
	"location" text,
	CONSTRAINT "shortages_sku_channel_reservation_pk" PRIMARY KEY("sku","channel","reservation"),
	CONSTRAINT "shortages_units" CHECK ("shortages"."qty" >= 0)
);
--> statement-breakpoint
CREATE TABLE "sku_marks" (
	"sku" text NOT NULL,
	"month" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"state" jsonb NOT NULL,
	CONSTRAINT "sku_marks_sku_month_pk" PRIMARY KEY("sku","month")
);
--> statement-breakpoint
CREATE TABLE "skus" (
	"sku" text PRIMARY KEY NOT NULL,
	"partition" integer NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"policy_version" bigint,
	"offered" bigint NOT NULL,
	"short" bigint NOT NULL,
	"state" jsonb NOT NULL,
	CONSTRAINT "skus_units" CHECK ("skus"."offered" >= 0 and "skus"."short" >= 0)
);
--> statement-breakpoint
CREATE TABLE "stock" (
	"sku" text NOT NULL,
	"location" text NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"on_hand" bigint NOT NULL,
	"damaged" bigint NOT NULL,
	"inspection" bigint NOT NULL,
	"reserved" bigint NOT NULL,
	"exposed" bigint NOT NULL,
	"safety" bigint NOT NULL,
	"short" bigint NOT NULL,
	"available" bigint GENERATED ALWAYS AS (on_hand - damaged - inspection - reserved - exposed - safety) STORED NOT NULL,
	CONSTRAINT "stock_sku_location_pk" PRIMARY KEY("sku","location"),
	CONSTRAINT "stock_units" CHECK ("stock"."damaged" >= 0 and "stock"."inspection" >= 0 and "stock"."reserved" >= 0 and "stock"."exposed" >= 0 and "stock"."safety" >= 0 and "stock"."short" >= 0 and "stock"."on_hand" >= "stock"."damaged" + "stock"."inspection")
);
--> statement-breakpoint
CREATE INDEX "ats_by_channel" ON "ats" USING btree ("channel","sku");--> statement-breakpoint
CREATE INDEX "discrepancies_by_time" ON "discrepancies" USING btree ("at");--> statement-breakpoint
CREATE INDEX "discrepancies_by_sku" ON "discrepancies" USING btree ("sku","at");--> statement-breakpoint
CREATE INDEX "ledger_by_sku" ON "ledger" USING btree ("sku","at");--> statement-breakpoint
CREATE INDEX "ledger_by_correlation" ON "ledger" USING btree ("correlation_id");--> statement-breakpoint
CREATE INDEX "ledger_by_command" ON "ledger" USING btree ("command_id");--> statement-breakpoint
CREATE INDEX "order_lines_by_sku" ON "order_lines" USING btree ("sku");--> statement-breakpoint
CREATE INDEX "orders_open" ON "orders" USING btree ("placed_at") WHERE phase <> 'ended';--> statement-breakpoint
CREATE INDEX "quarantine_waiting" ON "quarantine" USING btree ("began_at") WHERE settled_seq is null;--> statement-breakpoint
CREATE INDEX "reservations_open" ON "reservations" USING btree ("expires_at") WHERE status in ('held', 'confirmed');--> statement-breakpoint
CREATE INDEX "shortages_open" ON "shortages" USING btree ("at") WHERE qty > 0;--> statement-breakpoint
CREATE INDEX "stock_by_location" ON "stock" USING btree ("location");