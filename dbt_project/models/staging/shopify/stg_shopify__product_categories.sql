{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{{ category_versions('shopify', {'productType': 'text'}, "nullif(record.productType, '')") }}
