{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{{ report_rows('meta', 'campaign_budgets', {'id': 'text', 'daily_budget': 'text'}, keep='all') }}
