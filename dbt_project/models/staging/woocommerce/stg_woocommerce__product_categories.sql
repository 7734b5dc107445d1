{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{{ category_versions('woocommerce', {'categories': [{'name': 'text'}]}, first_of('record.categories') ~ '.name') }}
